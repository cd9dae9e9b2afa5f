import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
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
