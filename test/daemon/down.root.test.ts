import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { output } from '../support/run.ts';

const daemon = await startTestDaemon(['--parts', 'engine,registry']);
after(() => daemon[Symbol.asyncDispose]());

const docker = (...words: string[]) => output(daemon.docker(words));

test('down ends in order what listens, and at once what does not; both are known again after up', async () => {
  await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
  await docker('run', '-d', '--name', 'listens', 'busybox', 'sh', '-c', 'trap "echo bye; exit 3" TERM; echo on; while :; do sleep 0.05; done');
  await docker('run', '-d', '--name', 'deaf', 'busybox', 'sleep', '600');
  await docker('exec', 'listens', 'true');
  await output(daemon.gantry(['down']));
  await daemon.restart();
  assert.equal(await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'listens', 'deaf'), 'exited 3\nexited 137\n');
  assert.match(await docker('logs', 'listens'), /on\nbye\n/);
  assert.match(await docker('images'), /busybox/);
  await docker('start', 'deaf');
  assert.equal(await docker('inspect', '-f', '{{.State.Status}}', 'deaf'), 'running\n');
});

test('a data dir whose containers may still run elsewhere is refused with what to do', async () => {
  await daemon.crash();
  const outcome = await daemon.inside([
    process.execPath,
    '--no-warnings',
    MAIN,
    'up',
    '--parts',
    'engine',
    '--data-dir',
    daemon.dataDir,
    '--run-dir',
    `${daemon.folder}/other`,
  ]);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, /what it last ran may still stand under .*Take it down first with "gantry down/);
  await daemon.restart();
});

test('what a daemon with more parts left is taken down, though one with fewer ran since', async () => {
  await daemon.crash();
  await daemon.restart(['--parts', 'registry']);
  await output(daemon.gantry(['down']));
  assert.doesNotMatch(await output(daemon.inside(['ip', '-o', 'link'])), /: g[tv]/);
  await daemon.restart();
  assert.equal(await docker('inspect', '-f', '{{.State.Status}}', 'deaf'), 'exited\n');
});
