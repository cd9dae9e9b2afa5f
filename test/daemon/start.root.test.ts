import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { Conversation } from '../support/conversation.ts';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const daemon = await startTestDaemon();
after(() => daemon[Symbol.asyncDispose]());

const docker = (...words: string[]) => output(daemon.docker(words));
// The two forms of `status -o json` that are looked at here.
const status = async () => JSON.parse((await daemon.gantry(['status', '-o', 'json'])).stdout) as { ready: boolean; pid: number; parts: Parts };
type Parts = Readonly<Record<string, { readonly state: string; readonly reason?: string }>>;

/** A start that is refused: one sentence, exit status 1, and nothing changed. */
async function refused(words: RegExp, options: readonly string[], before: readonly string[] = []): Promise<void> {
  const place = join(daemon.folder, 'refused');
  const folders = ['--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
  const outcome = await daemon.inside([...before, process.execPath, '--no-warnings', MAIN, 'up', ...folders, ...options]);
  assert.equal(outcome.status, 1, outcome.stdout);
  assert.match(outcome.stderr.trim(), words);
  assert.equal(outcome.stderr.trim().split('\n').length, 1, outcome.stderr);
  assert.deepEqual(await readdir(place).catch(() => []), []);
}

test('everything is ready, and status names it', async () => {
  const { ready, parts } = await status();
  assert.equal(ready, true);
  assert.deepEqual(Object.keys(parts).sort(), ['apiserver', 'controllers', 'engine', 'network', 'node', 'registry', 'scheduler']);
});

test('a start is refused in one sentence before anything was changed', async () => {
  await chmod(daemon.folder, 0o755);
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  await refused(
    /Cannot start engine, node, network as user 65534: .* Run it as root, or choose other --parts$/,
    ['--parts', 'engine,node,network,apiserver'],
    nobody,
  );
  await refused(/Cannot let the registry listen on 192\.0\.2\.10: .* use 127\.0\.0\.1/, ['--parts', 'registry', '--registry', '192.0.2.10:5001']);
  await refused(/Cannot start: crun is not installed; .* Bring what is missing with "gantry doctor --fix"$/, ['--parts', 'engine'], ['env', 'PATH=/nowhere']);
  await refused(new RegExp(`Cannot listen on ${daemon.dockerSocket}: another program listens there`), [
    '--parts',
    'engine',
    '--docker-socket',
    daemon.dockerSocket,
  ]);
  await refused(/Cannot start node without engine and network/, ['--parts', 'apiserver,node']);
  await refused(/Cannot start controllers without an API server: add the part apiserver, or name another daemon's/, ['--parts', 'controllers']);
  await refused(/Cannot reach --server https:\/\/192\.0\.2\.10:1 without credentials: add --client-kubeconfig/, [
    '--server',
    'https://192.0.2.10:1',
    '--parts',
    'controllers',
  ]);
});

test('a full disk is one sentence', async () => {
  const small = join(daemon.folder, 'small');
  await mkdir(small);
  await output(daemon.inside(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'small', small]));
  const outcome = await daemon.inside([
    process.execPath,
    '--no-warnings',
    MAIN,
    'up',
    '--data-dir',
    join(small, 'data'),
    '--run-dir',
    join(small, 'run'),
    '--parts',
    'scheduler,apiserver',
    '--api',
    '127.0.0.1:7443',
  ]);
  assert.deepEqual([outcome.status, (await output(daemon.inside(['ls', small]))).trim()], [1, '']);
  assert.match(outcome.stderr, /Cannot start on .*: only \d+ bytes are free there, \d+ are needed\. Free some/);
});

test('SIGTERM stops the daemon, sessions of its clients or not, and no container; the next start knows them', async () => {
  await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
  await docker('run', '-d', '--name', 'steady', 'busybox', 'sleep', '600');
  const { pid } = await status();
  const main = await docker('inspect', '-f', '{{.State.Pid}}', 'steady');
  await using session = new Conversation(daemon.spawn(['docker', 'exec', '-i', 'steady', 'sh', '-c', 'echo in; exec cat']));
  await session.hears(/in\n/);
  await output(daemon.inside(['kill', '-TERM', String(pid)]));
  await eventually('the daemon to be gone', async () => (await daemon.inside(['kill', '-0', String(pid)])).status !== 0, 10_000);
  assert.equal((await daemon.inside(['kill', '-0', main.trim()])).status, 0, 'the container runs on');
  await daemon.restart();
  assert.equal(await docker('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', 'steady'), `running ${main}`);
});

test('a part that stops is named, and nothing is ready then', async () => {
  await rm(daemon.dockerSocket);
  const { ready, parts } = await status();
  assert.equal(ready, false);
  assert.deepEqual([parts.engine?.state, parts.registry?.state], ['failed', 'ready']);
  assert.match(parts.engine?.reason ?? '', /ENOENT/);
  assert.equal((await daemon.gantry(['status'])).status, 1);
});
