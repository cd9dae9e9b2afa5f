import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { Conversation } from '../support/conversation.ts';
import { openNamespaces } from '../support/namespaces.ts';
import { output, run } from '../support/run.ts';
import { spawn } from 'node:child_process';

const folder = await mkdtemp(join(tmpdir(), 'gantry-service-'));
const namespaces = await openNamespaces();
after(async () => {
  await namespaces[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
const [record, bin] = [join(folder, 'record'), join(folder, 'bin')];
await Promise.all([mkdir(bin), mkdir(join(folder, 'etc')), mkdir(join(folder, 'work'))]);
// Writes down what it is told, and answers as systemctl does for a service that runs.
await writeFile(
  join(bin, 'systemctl'),
  `#!/bin/sh\necho "$*" >>${record}\ncase "$1" in is-active) echo active;; is-enabled) echo enabled;; start) test ! -e ${folder}/broken || { echo "Job failed." >&2; exit 1; };; esac\n`,
);
await chmod(join(bin, 'systemctl'), 0o755);
const inside = (command: readonly string[]) => run(namespaces.enter(command), { environment: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
await output(inside(['mount', '-t', 'overlay', 'etc', '-o', `lowerdir=/etc,upperdir=${folder}/etc,workdir=${folder}/work`, '/etc']));
await output(inside(['mount', '-t', 'tmpfs', 'run', '/run']));

const service = (...words: readonly string[]) => inside([process.execPath, '--no-warnings', MAIN, 'service', ...words]);
const UNIT = '/etc/systemd/system/gantry.service';
const unit = () => output(inside(['cat', UNIT]));

/** What systemctl was told since the last time. */
async function told(): Promise<readonly string[]> {
  const text = existsSync(record) ? await readFile(record, 'utf8') : '';
  await rm(record, { force: true });
  return text.split('\n').filter(Boolean);
}

test('where systemd does not run it is refused in words, and the unit can be printed all the same', async () => {
  const refused = await service('install', '--', '--parts', 'engine');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /this machine does not run systemd\. "gantry service install --print" prints the unit; .* up --parts engine$/m);
  assert.equal((await service('status')).stdout, 'this machine does not run systemd\n');
  const printed = await output(service('install', '--print', '--', '--parts', 'engine'));
  assert.match(printed, new RegExp(`^ExecStart=${process.execPath} --no-warnings ${MAIN} up --parts engine$`, 'm'));
  assert.deepEqual(await told(), []);
  assert.notEqual((await inside(['test', '-e', UNIT])).status, 0);
});

test('it is installed, enabled and started; once more changes nothing; other options start it again', async () => {
  await output(inside(['mkdir', '-p', '/run/systemd/system']));
  assert.match(await output(service('install', '--', '--parts', 'engine')), /^gantry\.service installed: it starts at boot, and runs now/);
  assert.deepEqual(await told(), ['daemon-reload', 'enable gantry.service', 'start gantry.service']);
  const first = await unit();
  assert.equal(first, await output(service('install', '--print', '--', '--parts', 'engine')));
  assert.match(await output(service('install', '--', '--parts', 'engine')), /was installed already/);
  assert.deepEqual(await told(), ['enable gantry.service', 'start gantry.service']);
  assert.equal(await unit(), first);
  assert.match(await output(service('install', '--', '--parts', 'engine,registry')), /changed, and started again/);
  assert.deepEqual(await told(), ['daemon-reload', 'enable gantry.service', 'restart gantry.service']);
  assert.match(await unit(), /up --parts engine,registry$/m);
});

test('its state is told', async () => {
  assert.match(await output(service('status')), /^gantry\.service: active, at boot: enabled/);
  assert.deepEqual(await told(), ['is-enabled gantry.service', 'is-active gantry.service']);
});

test('systemd finds nothing wrong with the unit', { skip: existsSync('/usr/bin/systemd-analyze') ? false : 'systemd-analyze is not installed' }, async () => {
  const { status, stderr } = await inside(['systemd-analyze', 'verify', '--man=no', UNIT]);
  assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes('gantry'))], [0, []]);
});

test('it is uninstalled, and once more is fine; the unit of somebody else is left alone', async () => {
  assert.match(await output(service('uninstall')), /gantry\.service uninstalled: .*containers run on\. "gantry down" ends them/);
  assert.deepEqual(await told(), ['disable --now gantry.service', 'daemon-reload']);
  assert.notEqual((await inside(['test', '-e', UNIT])).status, 0);
  assert.match(await output(service('uninstall')), /there is no gantry\.service/);
  const status = await service('status');
  assert.deepEqual([status.status, status.stdout], [1, 'gantry.service is not installed; "gantry service install" does that\n']);
  await output(inside(['sh', '-c', `echo "[Service]" > ${UNIT}`]));
  for (const action of ['install', 'uninstall', 'status'])
    assert.match((await service(action)).stderr, /was not written by "gantry service install"\. Move it away, or choose another --name/);
  assert.match(await output(service('install', '--name', 'second', '--', '--parts', 'engine')), /^second\.service installed/);
  await output(service('uninstall', '--name', 'second'));
  await told();
});

test('what systemctl says against it is said', async () => {
  await writeFile(join(folder, 'broken'), '');
  const failed = await service('install', '--name', 'third');
  assert.deepEqual([failed.status, failed.stderr], [1, 'gantry: "systemctl start third.service" failed: Job failed.\n']);
  await rm(join(folder, 'broken'));
  await output(service('uninstall', '--name', 'third'));
});

test('a command line that means nothing is refused', async () => {
  for (const words of [
    [],
    ['frob'],
    ['install', 'operand'],
    ['install', '--', '--bogus'],
    ['install', '--name', '../x'],
    ['status', '--print'],
    ['uninstall', '--', '--parts', 'x'],
  ])
    assert.equal((await service(...words)).status, 2, words.join(' '));
});

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode(), flush=True)
`;

test('the daemon tells systemd when it is ready, and when it stops', async () => {
  const socket = join(folder, 'notify');
  await using listener = new Conversation(spawn('python3', ['-c', LISTENER, socket]));
  await listener.hears(/listening/);
  process.env['NOTIFY_SOCKET'] = socket;
  await using daemon = await startTestDaemon(['--parts', 'engine']);
  delete process.env['NOTIFY_SOCKET'];
  await listener.hears(/READY=1\nSTATUS=up in [\d.]+ s: docker unix:/);
  assert.doesNotMatch(listener.heard, /STOPPING/);
  await output(daemon.gantry(['down']));
  await listener.hears(/STOPPING=1/);
});
