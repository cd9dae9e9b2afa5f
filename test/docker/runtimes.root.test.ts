import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { Docker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-runtimes-'));
after(() => rm(folder, { recursive: true, force: true }));
const [record, traced] = [join(folder, 'record'), join(folder, 'traced')];
// An OCI runtime that writes down each command that it is given, and has crun do it.
await writeFile(traced, `#!/bin/sh\nprintf '%s\\n' "$*" >>${record}\nshift\nexec /usr/bin/crun --cgroup-manager=cgroupfs "$@"\n`);
await chmod(traced, 0o755);
const configuration = join(folder, 'daemon.json');
const runtimes = { traced: { path: traced, runtimeArgs: ['--traced'] } };
await writeFile(configuration, JSON.stringify({ runtimes }));

const OPTIONS = ['--parts', 'engine', '--daemon-json', configuration];
const docker = new Docker(await startTestDaemon(OPTIONS));
after(() => docker[Symbol.asyncDispose]());
await docker.feed(busyboxTar(), 'import - busybox');
await docker.run('run --rm busybox true');

/** The commands that the runtime was given since the last time. */
async function commands(): Promise<readonly string[]> {
  const text = existsSync(record) ? await readFile(record, 'utf8') : '';
  await writeFile(record, '');
  return text
    .split('\n')
    .filter((line) => line.startsWith('--traced '))
    .map((line) => /(?:^| )(create|start|state|kill|delete|exec|pause|resume|update)(?: |$)/.exec(line)?.[1] ?? line);
}
const TALE = "trap 'exit 4' TERM; echo begun; while :; do sleep 0.05; done";

test('a container of a runtime goes through it, from its start to its end', async () => {
  assert.equal(await docker.run('run --rm --runtime traced busybox echo here'), 'here\n');
  assert.deepEqual((await commands()).slice(0, 2), ['create', 'start']);
  await docker.run('run -d --name tale --runtime traced -m 64m busybox sh -c', TALE);
  assert.equal(await docker.inspect('tale', '{{.HostConfig.Runtime}}'), 'traced');
  await eventually('its first word', async () => (await docker.run('logs tale')).includes('begun'));
  assert.equal(await docker.run('exec tale sh -c', 'echo in; exit 0'), 'in\n');
  assert.equal((await docker.outcome('exec tale nosuch')).status, 127);
  await docker.run('pause tale');
  await docker.run('unpause tale');
  await docker.run('update --memory 96m --memory-swap 96m tale');
  await docker.run('stop tale');
  assert.equal(await docker.inspect('tale', '{{.State.ExitCode}}'), '4');
  const said = await commands();
  for (const command of ['create', 'start', 'exec', 'pause', 'resume', 'update', 'kill', 'delete'])
    await eventually(command, async () => said.includes(command) || (await commands()).includes(command));
  await docker.run('rm tale');
});

test('a terminal and its size, and what cannot be run, as with crun', async () => {
  await using shell = docker.terminal('run -it --rm --runtime traced busybox sh');
  await shell.hears(/\/dev\/pts/);
  // The client sets the size a moment after the start.
  shell.type("until stty size 2>/dev/null | grep -v '^0'; do sleep 0.05; done\n");
  await shell.hears(/\n33 99\r/);
  shell.type('exit 3\n');
  assert.equal(await shell.ended, 3);
  assert.equal((await docker.outcome('run --rm --runtime traced busybox nosuch')).status, 127);
});

test('it is remembered when the daemon is killed; the daemon that follows goes through it', async () => {
  await docker.run('run -d --name stays --runtime traced busybox sh -c', TALE);
  await docker.run('run -d --name plain busybox sh -c', TALE);
  await commands();
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.ok((await commands()).includes('state'), 'its state was asked for');
  assert.equal(await docker.run('exec stays echo again'), 'again\n');
  assert.equal(await docker.run('exec plain echo crun'), 'crun\n');
  assert.deepEqual(
    (await commands()).filter((command) => command === 'exec'),
    ['exec'],
    'the other one does not go through it',
  );
  await docker.run('kill stays');
  await docker.run('rm -f stays plain');
  assert.ok((await commands()).includes('kill'));
  await eventually('nothing to be left of it', async () => (await readdir(join(docker.daemon.folder, 'run/runtimes/traced'))).length === 0);
});

test('one that runs while its runtime is no longer named is told apart, and can be ended', async () => {
  await docker.run('run -d --name orphan --runtime traced busybox sh -c', TALE);
  await docker.daemon.crash();
  await docker.daemon.restart(['--parts', 'engine']);
  assert.equal(await docker.inspect('orphan', '{{.State.Status}} {{.HostConfig.Runtime}}'), 'running traced');
  assert.match(await docker.refused('exec orphan true'), /unknown or invalid runtime name: traced/);
  await docker.run('stop -t 5 orphan');
  assert.match(await docker.refused('start orphan'), /unknown or invalid runtime name: traced/);
  await docker.run('rm orphan');
  await docker.daemon.crash();
  await docker.daemon.restart();
});

test('an unknown runtime is refused in words that clients know, and the known ones are listed', async () => {
  assert.match(await docker.refused('run --runtime nosuch busybox true'), /unknown or invalid runtime name: nosuch/);
  assert.match(await docker.run('info --format', '{{json .Runtimes}}'), new RegExp(`"traced":\\{"path":"${traced}","runtimeArgs":\\["--traced"\\]`));
  assert.match(await docker.run('info --format', '{{json .Runtimes}} {{.DefaultRuntime}}'), /"crun":\{"path":"[^"]*\/crun"[\s\S]* crun\n$/);
  assert.equal(await docker.run('run --rm --runtime io.containerd.runc.v2 busybox echo any'), 'any\n');
  assert.equal(await docker.run('run --rm --runtime crun busybox echo crun'), 'crun\n');
});

test('another default runtime is that of containers that name none', async () => {
  await writeFile(configuration, JSON.stringify({ runtimes, 'default-runtime': 'traced' }));
  await docker.daemon.crash();
  await docker.daemon.restart();
  await commands();
  await docker.run('create --name one busybox true');
  await docker.run('create --name two --runtime crun busybox true');
  assert.equal(await docker.run('inspect -f', '{{.HostConfig.Runtime}}', 'one', 'two'), 'traced\ncrun\n');
  assert.equal(await docker.run('start -a one'), '');
  assert.ok((await commands()).includes('create'));
  await docker.run('rm one two');
});

const runc = (process.env.PATH ?? '').split(delimiter).some((place) => existsSync(join(place, 'runc')));
test('docker run --runtime runc', { skip: runc ? false : 'runc is not installed (package runc)' }, async () => {
  assert.equal(await docker.run('run --rm --runtime runc busybox echo by runc'), 'by runc\n');
  await docker.run('run -d --name real --runtime runc -p 8099:80 -m 64m busybox sh -c', TALE);
  assert.equal(await docker.run('exec real echo in'), 'in\n');
  assert.equal((await docker.outcome('exec real sh -c', 'exit 7')).status, 7);
  assert.equal((await docker.outcome('exec real nosuch')).status, 127);
  assert.equal((await docker.outcome('run --rm --runtime runc busybox nosuch')).status, 127);
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(await docker.run('exec real echo after'), 'after\n');
  await docker.run('stop real');
  assert.equal(await docker.inspect('real', '{{.State.ExitCode}}'), '4');
  await docker.run('rm real');
});
