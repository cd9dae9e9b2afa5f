import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { startDocker } from '../support/docker.ts';
import { engineRequest } from '../support/engine-request.ts';
import { eventually } from '../support/eventually.ts';
import { hijacked } from '../support/hijacked.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
afterEach(async () => {
  for (const id of (await docker.run('ps -aq')).split('\n').filter(Boolean)) await docker.run('rm -f', id);
});

const socketPath = docker.daemon.dockerSocket;

/** A WebSocket to a container with all that it says. */
async function openWebSocket(
  path: string,
): Promise<{ readonly socket: WebSocket; readonly heard: () => string; readonly kinds: Set<boolean>; readonly closed: Promise<unknown> }> {
  const socket = new WebSocket(`ws+unix:${socketPath}:${path}`);
  let text = '';
  const kinds = new Set<boolean>();
  socket.on('message', (data: Buffer, isBinary) => {
    text += data.toString();
    kinds.add(isBinary);
  });
  const closed = once(socket, 'close');
  await once(socket, 'open');
  return { socket, heard: () => text, kinds, closed };
}

/** The outputs of a multiplexed stream. */
function split(bytes: Buffer): { out: string; err: string } {
  const said = { out: '', err: '' };
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    said[bytes[at] === 2 ? 'err' : 'out'] += bytes.subarray(at + 8, end).toString();
    at = end;
  }
  return said;
}

test('a client that still sends when the container has ended is heard out, so that it loses nothing of the output', async () => {
  await docker.run('create -i --name quick busybox echo said');
  const { socket, bytes } = await hijacked(socketPath, '/v1.44/containers/quick/attach?stream=1&stdin=1&stdout=1', '', { staysOpen: true });
  const ended = once(socket, 'end');
  await docker.run('start quick');
  await ended;
  const sent = Promise.withResolvers<void>();
  socket.write(Buffer.alloc(5_000_000), (error) => (error ? sent.reject(error) : sent.resolve()));
  await sent.promise;
  assert.equal(split(bytes()).out, 'said\n');
  socket.end();
  await once(socket, 'close');
});

test('a WebSocket carries both directions', async () => {
  await docker.run('create -i --name talk busybox sh -c', 'read line; echo "got $line"; echo err >&2; exit 4');
  const { socket, heard, kinds, closed } = await openWebSocket('/v1.44/containers/talk/attach/ws?stream=1&stdin=1&stdout=1&stderr=1');
  await docker.run('start talk');
  socket.send('hello\n');
  await closed;
  assert.deepEqual(heard().trim().split('\n').sort(), ['err', 'got hello']);
  assert.deepEqual([...kinds], [true]);
  assert.equal(await docker.run('wait talk'), '4\n');
});

test('a WebSocket gives just the streams that are asked for; earlier clients get all, and as text', async () => {
  const run = (name: string) => docker.run(`create --name ${name} busybox sh -c`, 'echo out; echo err >&2');
  await run('some');
  const some = await openWebSocket('/v1.44/containers/some/attach/ws?stream=1&stdout=1');
  await docker.run('start some');
  await some.closed;
  assert.equal(some.heard(), 'out\n');
  await run('early');
  const early = await openWebSocket('/v1.27/containers/early/attach/ws');
  await docker.run('start early');
  await early.closed;
  assert.deepEqual([early.heard().trim().split('\n').sort(), [...early.kinds]], [['err', 'out'], [false]]);
});

test('a WebSocket lets go by its keys, and the container goes on', async () => {
  await docker.run('run -dit --name shell busybox sh');
  const { socket, heard, closed } = await openWebSocket('/v1.44/containers/shell/attach/ws?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,x');
  socket.send('echo $((40+2))\n');
  await eventually('the sum', () => heard().includes('42'));
  socket.send(Buffer.from([1]));
  socket.send('x');
  await closed;
  assert.equal(await docker.inspect('shell', '{{.State.Running}}'), 'true');
});

test('what is no WebSocket, and who attaches to nothing, are refused', async () => {
  await docker.run('create --name idle busybox true');
  assert.equal((await engineRequest(socketPath, 'GET', '/containers/idle/attach/ws?stream=1')).status, 400);
  const socket = new WebSocket(`ws+unix:${socketPath}:/containers/nobody/attach/ws?stream=1`);
  const [error] = await once(socket, 'error');
  assert.match(String(error), /404/);
});

test('logs and stream together double nothing and lose nothing', async () => {
  await docker.run('run -d --name count busybox sh -c', 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done');
  const { bytes, ended } = await hijacked(socketPath, '/v1.44/containers/count/attach?logs=1&stream=1&stdout=1&stderr=1');
  await ended;
  assert.equal(split(bytes()).out, Array.from({ length: 3000 }, (_, index) => `${index}\n`).join(''));
});

test('logs alone end by themselves', async () => {
  await docker.run('run --name said busybox sh -c', 'echo out; echo err >&2');
  const { bytes, ended } = await hijacked(socketPath, '/v1.44/containers/said/attach?logs=1&stdout=1&stderr=1');
  await ended;
  assert.deepEqual(split(bytes()), { out: 'out\n', err: 'err\n' });
});

test('half-closing the input ends it for the process, whose output still comes', async () => {
  await docker.run('create -i --name half busybox sh -c', 'wc -c; sleep 0.2; echo end');
  const { socket, bytes, ended } = await hijacked(socketPath, '/v1.44/containers/half/attach?stream=1&stdin=1&stdout=1&stderr=1');
  await docker.run('start half');
  socket.end('x'.repeat(50_000));
  await ended;
  assert.equal(split(bytes()).out, '50000\nend\n');
});

test('a terminal has a size once it runs; before it is refused', async () => {
  await docker.run('create -it --name sized busybox sh -c', 'read x; stty size');
  const resize = (query: string) => engineRequest(socketPath, 'POST', `/containers/sized/resize?${query}`);
  assert.equal((await resize('h=10&w=20')).status, 409);
  const { socket, bytes, ended } = await hijacked(socketPath, '/v1.44/containers/sized/attach?stream=1&stdin=1&stdout=1');
  await docker.run('start sized');
  for (const query of ['h=10', 'h=-1&w=2', 'h=a&w=b', '']) assert.equal((await resize(query)).status, 400, query);
  assert.equal((await resize('h=41&w=101')).status, 200);
  socket.write('\n');
  await ended;
  assert.match(bytes().toString(), /41 101/);
});

test('keys to let go that are none are refused', async () => {
  await docker.run('run -dit --name keys busybox sh');
  for (const path of ['/containers/keys/attach?stream=1&stdin=1&detachKeys=ctrl-9', '/containers/keys/start?detachKeys=ctrl-9'])
    assert.equal((await engineRequest(socketPath, 'POST', path)).status, 400, path);
});
