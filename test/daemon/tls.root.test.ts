import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { Conversation } from '../support/conversation.ts';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { Pki } from '../support/pki.ts';
import { output } from '../support/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-tls-'));
after(() => rm(folder, { recursive: true, force: true }));
const [ours, theirs] = [await Pki.create(join(folder, 'ours')), await Pki.create(join(folder, 'theirs'))];
const server = await ours.issue('server', 'server', ['192.0.2.10', '127.0.0.1']);
const [client, stranger] = [await ours.issue('client', 'client'), await theirs.issue('stranger', 'client')];

const VERIFY = ['--tlsverify', '--tlscacert', ours.authority, '--tlscert', server.cert, '--tlskey', server.key];
const extraSocket = join(folder, 'extra.sock');
const daemon = await startTestDaemon(['--parts', 'engine', '--host', 'tcp://0.0.0.0:2376', '--host', `unix://${extraSocket}`, ...VERIFY]);
after(() => daemon[Symbol.asyncDispose]());
await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));

const as = ({ cert, key }: { cert: string; key: string }) => ['--tlsverify', '--tlscacert', ours.authority, '--tlscert', cert, '--tlskey', key];
const remote = ['-H', 'tcp://192.0.2.10:2376', ...as(client)];
const open = (...words: readonly string[]) => new Conversation(daemon.spawn(['docker', ...remote, ...words]));

test('docker with a certificate of the authority works over TLS, beside the sockets', async () => {
  assert.match(await output(daemon.docker([...remote, 'version'])), /Server:/);
  assert.equal(await output(daemon.docker([...remote, 'run', '--rm', 'busybox', 'echo', 'over TLS'])), 'over TLS\n');
  for (const host of [`unix://${extraSocket}`, `unix://${daemon.dockerSocket}`])
    assert.equal(await output(daemon.docker(['-H', host, 'images', '-q', 'busybox'])), await output(daemon.docker([...remote, 'images', '-q', 'busybox'])));
  assert.equal((await stat(extraSocket)).mode & 0o777, 0o660);
  assert.ok((await output(daemon.gantry(['status']))).includes(`tcp://0.0.0.0:2376 (TLS), unix://${extraSocket}`));
});

test('hijacked streams: input is written, half-closed and echoed whole; attach and exec follow', async () => {
  const input = randomBytes(2 * 1024 * 1024).toString('hex');
  const echoed = await output(daemon.docker([...remote, 'run', '-i', '--rm', 'busybox', 'cat'], { input }));
  assert.ok(echoed === input, `${echoed.length} of ${input.length} characters came back`);
  // What nobody reads of the input must not cut the output off.
  const deaf = await output(daemon.docker([...remote, 'run', '-i', '--rm', 'busybox', 'sh', '-c', 'yes | head -c 3000000'], { input }));
  assert.equal(deaf.length, 3_000_000);
  await output(daemon.docker([...remote, 'run', '-dit', '--name', 'shell', 'busybox', 'sh']));
  assert.equal(await output(daemon.docker([...remote, 'exec', '-i', 'shell', 'wc', '-c'], { input })), `${input.length}\n`);
  {
    await using attached = new Conversation(daemon.spawn(['script', '-qec', `docker ${[...remote, 'attach', 'shell'].join(' ')}`, '/dev/null']));
    attached.type('echo I am $((6 * 7))\n');
    await attached.hears(/I am 42/);
  }
  await using inside = new Conversation(daemon.spawn(['script', '-qec', `docker ${[...remote, 'exec', '-it', 'shell', 'sh'].join(' ')}`, '/dev/null']));
  inside.type('tty; echo size $(stty size)\n');
  await inside.hears(/\/dev\/pts\/\d+/);
  inside.type('exit 5\n');
  assert.equal(await inside.ended, 5);
  await output(daemon.docker(['rm', '-f', 'shell']));
});

test('events and logs stream over TLS', async () => {
  await using events = open('events', '--format', '{{.Action}}');
  await events.hears(/^/);
  await using logs = open('run', '--rm', '--name', 'speaks', 'busybox', 'sh', '-c', 'echo one; sleep 0.2; echo two');
  await logs.hears(/one\n[\s\S]*two\n/);
  await events.hears(/die/);
});

test('a client without a certificate, or with one of another authority, is refused; so is plain HTTP', async () => {
  const without = await daemon.docker(['-H', 'tcp://192.0.2.10:2376', '--tls', '--tlscacert', ours.authority, 'version']);
  assert.notEqual(without.status, 0);
  assert.match(without.stderr, /certificate required|bad certificate/);
  const strange = await daemon.docker(['-H', 'tcp://192.0.2.10:2376', ...as(stranger), 'version']);
  assert.notEqual(strange.status, 0);
  // The handshake is cut; TLS 1.3 lets a client believe until then that it was let in.
  assert.match(strange.stderr, /certificate|authority|EOF|reset by peer/i);
  assert.doesNotMatch(strange.stdout, /Server:/);
  const plain = await daemon.inside(['curl', '-s', '-m', '5', 'http://192.0.2.10:2376/_ping']);
  assert.notEqual(plain.status, 0);
  assert.equal(plain.stdout, '');
});

/** A start in the same namespaces that must be refused before anything is made. */
async function refused(words: RegExp, ...options: readonly string[]): Promise<void> {
  const place = join(folder, 'refused');
  const up = [process.execPath, '--no-warnings', MAIN, 'up', '--parts', 'engine', '--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
  const { status, stderr } = await daemon.inside([...up, ...options]);
  assert.equal(status, 1, stderr);
  assert.match(stderr, words);
  await assert.rejects(stat(place), { code: 'ENOENT' });
}

test('what is insecure is not served unless it is said, and the words say what to do', async () => {
  await refused(
    /Cannot serve the Docker API on 0\.0\.0\.0:2375 without TLS: .*Add --tlsverify --tlscacert CA\.pem .*--tls=false opens it/,
    '--host',
    'tcp://0.0.0.0:2375',
  );
  await refused(
    /Cannot use --tlsverify without the authority/,
    '--host',
    'tcp://0.0.0.0:2377',
    '--tlsverify',
    '--tlscert',
    server.cert,
    '--tlskey',
    server.key,
  );
  await refused(/Cannot serve TLS with .*: /, '--host', 'tcp://0.0.0.0:2377', '--tls', '--tlscert', server.cert, '--tlskey', client.key);
  await refused(/Cannot read \/no\/such of --tlscert/, '--host', 'tcp://0.0.0.0:2377', '--tls', '--tlscert', '/no/such', '--tlskey', client.key);
  await refused(/Cannot listen on 0\.0\.0\.0:2376: another program listens there.* --host tcp:\/\//, '--host', 'tcp://0.0.0.0:2376', ...VERIFY);
  await refused(/Cannot listen on .*extra\.sock: another program listens there.*--host unix:\/\//, '--host', `unix://${extraSocket}`);
});

test('what is said to be open is open, with a warning at the start and in docker info', async () => {
  await daemon.crash();
  await daemon.restart(['--parts', 'engine', '--host', 'tcp://192.0.2.10:2375', '--tls=false']);
  const open = await output(daemon.docker(['-H', 'tcp://192.0.2.10:2375', 'info', '--format', '{{json .Warnings}}']));
  assert.match(open, /WARNING: API is accessible on http:\/\/192\.0\.2\.10:2375 without encryption: whoever reaches it has root/);
  const place = join(folder, 'second');
  const dirs = ['--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
  const up = [process.execPath, '--no-warnings', MAIN, 'up', '-d', '--parts', 'engine', ...dirs];
  const started = await daemon.inside([...up, '-H', 'tcp://:2377', '--tls', '--tlscert', server.cert, '--tlskey', server.key]);
  assert.equal(started.status, 0, started.stderr);
  assert.match(started.stdout, /^up in .*tcp:\/\/127\.0\.0\.1:2377 \(TLS\)\n$/);
  assert.match(started.stderr, /^warning: API is accessible on https:\/\/127\.0\.0\.1:2377 without TLS client verification/);
  assert.match(await output(daemon.docker(['-H', 'tcp://127.0.0.1:2377', '--tlsverify', '--tlscacert', ours.authority, 'version'])), /Server:/);
  await output(daemon.inside([process.execPath, '--no-warnings', MAIN, 'down', '--purge', ...dirs]));
});
