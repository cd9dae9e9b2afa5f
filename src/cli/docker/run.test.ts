import assert from 'node:assert/strict';
import { beforeEach, afterEach, test } from 'node:test';
import { CommandError } from '../errors.ts';
import { type TestTerminal, testTerminal } from '../terminal.testing.ts';
import { type FakeDocker, fakeDocker, frame, json } from './fake-server.testing.ts';
import { run } from './run.ts';

let docker: FakeDocker;
beforeEach(async () => {
  docker = await fakeDocker();
  docker.on('POST /containers/create', json({ Id: 'c1', Warnings: ['careful'] }, 201));
  docker.on('POST /containers/c1/start', (response) => void response.writeHead(204).end());
  docker.on('POST /containers/c1/resize', json({}));
  docker.on('POST /containers/c1/kill', (response) => void response.writeHead(204).end());
  docker.on('DELETE /containers/c1', (response) => void response.writeHead(204).end());
  endsWith(7);
});
afterEach(() => docker[Symbol.asyncDispose]());

/** The answer of `wait`: its headers at once, its body when the container was started. */
function endsWith(code: number): void {
  docker.on('POST /containers/c1/wait', (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    void docker.untilAsked('POST /containers/c1/start').then(() => response.end(JSON.stringify({ StatusCode: code })));
  });
}
const gantry = (terminal: TestTerminal, ...words: readonly string[]) => run.run(['--docker-socket', docker.socketPath, ...words], terminal);
const failure = async (running: Promise<number>): Promise<CommandError> => {
  const error: unknown = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CommandError, String(error));
  return error;
};

test('input goes in, both outputs come out, and the exit status is the container’s', async () => {
  docker.onUpgrade('POST /containers/c1/attach', (socket) => {
    let input = '';
    socket.on('data', (text: Buffer) => void (input += text.toString()));
    socket.on('end', () => socket.end(Buffer.concat([frame(1, `got ${input}`), frame(2, 'to stderr\n')])));
  });
  const terminal = testTerminal({ input: 'typed\n' });
  assert.equal(await gantry(terminal, '-i', '--rm', '--name', 'n', 'busybox', 'cat', '-'), 7);
  assert.equal(terminal.out(), 'got typed\n');
  assert.equal(terminal.err(), 'WARNING: careful\nto stderr\n');
  assert.deepEqual(docker.asked(), ['POST /containers/create', 'POST /containers/c1/attach', 'POST /containers/c1/wait', 'POST /containers/c1/start']);
  const [create, attach, wait] = docker.seen;
  assert.equal(create?.query.get('name'), 'n');
  const body = JSON.parse(String(create?.body)) as Record<string, unknown>;
  assert.deepEqual([body.Image, body.Cmd, body.OpenStdin, body.StdinOnce, body.Tty], ['busybox', ['cat', '-'], true, true, false]);
  assert.equal(String(attach?.query), 'stream=1&stdin=1&stdout=1&stderr=1');
  assert.equal(wait?.query.get('condition'), 'removed');
});

test('input that is still on its way when the container ends is nobody’s fault', async () => {
  // Client and server are in one process: after some turns each has heard what the other did.
  const someTurns = async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const closed = Promise.withResolvers<void>();
  docker.onUpgrade('POST /containers/c1/attach', (socket) => {
    const end = async () => {
      // The input is not read; the output ends, and only then is the connection closed.
      socket.end(frame(1, 'said\n'));
      await someTurns();
      socket.destroy();
      await someTurns();
      closed.resolve();
    };
    void docker.untilAsked('POST /containers/c1/start').then(end);
  });
  docker.on('POST /containers/c1/wait', (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    void closed.promise.then(() => response.end('{"StatusCode":7}'));
  });
  const terminal = testTerminal({ input: 'x'.repeat(5_000_000) });
  assert.equal(await gantry(terminal, '-i', 'busybox', 'true'), 7);
  assert.equal(terminal.out(), 'said\n');
});

test('an image that is not here is pulled first', async () => {
  docker.onUpgrade('POST /containers/c1/attach', (socket) => socket.end());
  let pulled = false;
  docker.on('POST /containers/create', (response, seen) =>
    (pulled ? json({ Id: 'c1' }, 201) : json({ message: 'No such image: far/away:latest' }, 404))(response, seen),
  );
  docker.on('POST /images/create', (response) => {
    pulled = true;
    response.end(
      `{"status":"Pulling from far/away","id":"latest"}\r\n{"status":"Downloading","id":"a1","progressDetail":{"current":1}}\r\n{"status":"Downloading","id":"a1"}\r\n`,
    );
  });
  const terminal = testTerminal();
  assert.equal(await gantry(terminal, 'far/away'), 7);
  assert.equal(terminal.err(), "Unable to find image 'far/away' locally\nlatest: Pulling from far/away\na1: Downloading\n");
  const pull = docker.seen.find(({ path }) => path === '/images/create');
  assert.equal(String(pull?.query), 'fromImage=far%2Faway&tag=latest');
});

test('a pull that fails ends with 125 and the registry’s words', async () => {
  docker.on('POST /containers/create', json({ message: 'No such image: x:latest' }, 404));
  docker.on('POST /images/create', (response) => response.end('{"errorDetail":{"message":"denied"},"error":"denied"}\r\n'));
  const { exitStatus, message } = await failure(gantry(testTerminal(), 'x'));
  assert.deepEqual([exitStatus, message], [125, 'denied']);
});

test('what can’t start ends as in a shell, and does not stay behind with --rm', async () => {
  docker.onUpgrade('POST /containers/c1/attach', () => undefined);
  const check = async (message: string, status: number) => {
    docker.on('POST /containers/c1/start', json({ message }, 400));
    assert.equal((await failure(gantry(testTerminal(), '--rm', 'busybox', 'nope'))).exitStatus, status, message);
    assert.equal(docker.asked().at(-1), 'DELETE /containers/c1');
  };
  await check('exec: "nope": executable file not found in $PATH', 127);
  await check('exec: "/etc": permission denied', 126);
  await check('the port is in use', 125);
  docker.on('POST /containers/create', json({ message: 'invalid mode: no such file or directory' }, 400));
  assert.equal((await failure(gantry(testTerminal(), 'busybox'))).exitStatus, 125);
});

test('-d tells the id and does not wait', async () => {
  const terminal = testTerminal();
  assert.equal(await gantry(terminal, '-d', '-i', 'busybox', 'sleep', '9'), 0);
  assert.equal(terminal.out(), 'c1\n');
  assert.deepEqual(docker.asked(), ['POST /containers/create', 'POST /containers/c1/start']);
});

test('a terminal is raw while the container has it, and its size follows the window', async () => {
  const terminal = testTerminal({ tty: true });
  docker.onUpgrade('POST /containers/c1/attach', (socket) => {
    socket.on('data', (keys: Buffer) => socket.end(`typed ${keys.toString()}`));
  });
  const running = gantry(terminal, '-it', 'busybox');
  await docker.untilAsked('POST /containers/c1/resize');
  assert.deepEqual(terminal.raw, [true]);
  terminal.stdout.columns = 50;
  const again = docker.untilAsked('POST /containers/c1/resize');
  terminal.stdout.emit('resize');
  await again;
  terminal.stdin.write('\u0003');
  assert.equal(await running, 7);
  assert.equal(terminal.out(), 'typed \u0003');
  assert.deepEqual(terminal.raw, [true, false]);
  const sizes = docker.seen.filter(({ path }) => path.endsWith('/resize')).map(({ query }) => String(query));
  assert.deepEqual(sizes, ['h=30&w=100', 'h=30&w=50']);
  const body = JSON.parse(String(docker.seen[0]?.body)) as { HostConfig: { ConsoleSize: unknown } };
  assert.deepEqual(body.HostConfig.ConsoleSize, [30, 100]);
});

test('Ctrl-P Ctrl-Q lets go of a container that runs on', async () => {
  const terminal = testTerminal({ tty: true });
  docker.on('POST /containers/c1/wait', (response) => response.writeHead(200).flushHeaders());
  docker.onUpgrade('POST /containers/c1/attach', (socket) => {
    socket.on('data', (keys: Buffer) => keys.includes(0x11) && socket.end());
  });
  const running = gantry(terminal, '-it', 'busybox');
  await docker.untilAsked('POST /containers/c1/resize');
  terminal.stdin.write('\u0010\u0011');
  assert.equal(await running, 0);
});

test('-it without a terminal is refused before anything is made', async () => {
  assert.match((await failure(gantry(testTerminal(), '-it', 'busybox'))).message, /not a TTY/);
  assert.deepEqual(docker.asked(), []);
});

test('signals are the container’s', async () => {
  const terminal = testTerminal();
  const killed = docker.untilAsked('POST /containers/c1/kill');
  docker.onUpgrade('POST /containers/c1/attach', (socket) => void killed.then(() => socket.end()));
  const running = gantry(terminal, 'busybox');
  await docker.untilAsked('POST /containers/c1/start');
  while (terminal.signals.listenerCount('SIGTERM') === 0) await new Promise(setImmediate);
  terminal.signals.emit('SIGTERM');
  assert.equal(await running, 7);
  assert.equal(docker.seen.find(({ path }) => path.endsWith('/kill'))?.query.get('signal'), 'SIGTERM');
  assert.equal(terminal.signals.listenerCount('SIGTERM'), 0);
});

test('where nobody answers, the way out is told', async () => {
  const error = await failure(run.run(['--docker-socket', '/nowhere/docker.sock', 'x'], testTerminal()));
  assert.deepEqual([error.exitStatus, /gantry up --detach/.test(error.message)], [125, true]);
  const other = await failure(run.run(['x'], testTerminal({ environment: { DOCKER_HOST: 'tcp://1.2.3.4:2375' } })));
  assert.match(other.message, /only unix/);
});
