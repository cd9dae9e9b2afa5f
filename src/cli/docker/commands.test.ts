import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { exec } from '../exec.ts';
import { logs } from '../logs.ts';
import { type TestTerminal, testTerminal } from '../terminal.testing.ts';
import { ago } from './ago.ts';
import { build } from './build.ts';
import { type FakeDocker, fakeDocker, frame, json } from './fake-server.testing.ts';
import { inspect } from './inspect.ts';
import { portsCell, ps } from './ps.ts';
import { push } from './push.ts';
import { rmi } from './rmi.ts';
import { stop } from './stop.ts';
import { tag } from './tag.ts';

let docker: FakeDocker;
let folder = '';
beforeEach(async () => {
  docker = await fakeDocker();
  folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
});
afterEach(async () => {
  await docker[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const gantry = (command: Command, terminal: TestTerminal, ...words: readonly string[]) =>
  command.run(['--docker-socket', docker.socketPath, ...words], terminal);
const sent = (path: string) => docker.seen.find((one) => one.path === path);

test('exec: the body, both outputs, and the status once the command has ended', async () => {
  docker.on('POST /containers/web/exec', json({ Id: 'e1' }, 201));
  docker.onUpgrade('POST /exec/e1/start', (socket) => socket.end(Buffer.concat([frame(1, 'out'), frame(2, 'err')])));
  // The output ends first: the command's end is told by an event.
  let running = true;
  docker.on('GET /exec/e1/json', (response, seen) => json({ Running: running, ExitCode: running ? null : 4, ContainerID: 'c1' })(response, seen));
  docker.on('GET /events', (response) => {
    response.writeHead(200).flushHeaders();
    void docker.untilAsked('GET /exec/e1/json').then(() => {
      response.write(`${JSON.stringify({ Actor: { Attributes: { execID: 'other' } } })}\n`);
      setImmediate(() => {
        running = false;
        response.write(`${JSON.stringify({ Actor: { Attributes: { execID: 'e1' } } })}\n`);
      });
    });
  });
  const terminal = testTerminal({ environment: { HERE: 'x' } });
  assert.equal(await gantry(exec, terminal, '-e', 'A=b', '-e', 'HERE', '-w', '/w', '-u', 'me', 'web', 'ls', '-t', '--help'), 4);
  assert.deepEqual([terminal.out(), terminal.err()], ['out', 'err']);
  assert.deepEqual(JSON.parse(String(sent('/containers/web/exec')?.body)), {
    Cmd: ['ls', '-t', '--help'],
    Env: ['A=b', 'HERE=x'],
    Tty: false,
    User: 'me',
    WorkingDir: '/w',
    Privileged: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
  });
  assert.equal(sent('/events')?.query.get('filters'), '{"container":["c1"],"event":["exec_die"]}');
});

test('--help after the container is its command’s', () => {
  assert.equal(exec.asksHelp?.(['web', 'ls', '--help']), false);
  assert.equal(exec.asksHelp?.(['-u', 'x', '--help']), true);
});

test('logs take a framed stream apart, and leave a terminal’s as it is', async () => {
  docker.on('GET /containers/web/logs', (response) => response.end(Buffer.concat([frame(1, 'out\n'), frame(2, 'err\n')])));
  docker.on('GET /containers/web/json', json({ Config: { Tty: false } }));
  const terminal = testTerminal();
  assert.equal(await gantry(logs, terminal, '-f', '-n', '5', '-t', '--since', '10m', 'web'), 0);
  assert.deepEqual([terminal.out(), terminal.err()], ['out\n', 'err\n']);
  assert.equal(String(sent('/containers/web/logs')?.query), 'stdout=1&stderr=1&follow=1&timestamps=1&tail=5&since=10m');
  docker.on('GET /containers/web/json', json({ Config: { Tty: true } }));
  docker.on('GET /containers/web/logs', (response) => response.end('raw \u0001'));
  const raw = testTerminal();
  await gantry(logs, raw, 'web');
  assert.equal(raw.out(), 'raw \u0001');
  await assert.rejects(gantry(logs, testTerminal(), '--tail', 'few', 'web'), UsageError);
});

test('ps prints a table', async () => {
  const created = Math.floor(Date.now() / 1000) - 7200;
  const container = { Id: 'abcdef0123456789', Names: ['/web'], Image: 'busybox', Command: 'sh -c a long command line', Created: created, Status: 'Up 2 hours' };
  docker.on('GET /containers/json', json([{ ...container, Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }] }]));
  const terminal = testTerminal();
  await gantry(ps, terminal, '-a');
  const [heading, row] = terminal.out().split('\n');
  assert.match(heading ?? '', /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
  assert.match(row ?? '', /^abcdef012345 +busybox +"sh -c a long comman…" +2 hours ago +Up 2 hours +0\.0\.0\.0:8080->80\/tcp +web$/);
  assert.equal(String(sent('/containers/json')?.query), 'all=1');
  assert.equal(
    portsCell([
      { PrivatePort: 1, Type: 'udp' },
      { IP: '::', PrivatePort: 2, PublicPort: 3, Type: 'tcp' },
    ]),
    '1/udp, [::]:3->2/tcp',
  );
});

test('moments in rough words', () => {
  const check = (seconds: number, words: string) => assert.equal(ago(1_000_000 - seconds, 1_000_000_000), `${words} ago`);
  check(0, 'Less than a second');
  check(1, '1 second');
  check(59, '59 seconds');
  check(60, 'About a minute');
  check(3599, '59 minutes');
  check(3600, 'About an hour');
  check(47 * 3600, '47 hours');
  check(48 * 3600, '2 days');
  check(20 * 86_400, '2 weeks');
  check(90 * 86_400, '3 months');
  check(800 * 86_400, '2 years');
});

test('of several, those that fail are told and the others done', async () => {
  docker.on('POST /containers/a/stop', (response) => response.writeHead(304).end());
  docker.on('POST /containers/b/stop', json({ message: 'No such container: b' }, 404));
  docker.on('POST /containers/c/stop', (response) => response.writeHead(204).end());
  const terminal = testTerminal();
  assert.equal(await gantry(stop, terminal, '-t', '3', 'a', 'b', 'c'), 1);
  assert.deepEqual([terminal.out(), terminal.err()], ['a\nc\n', 'gantry: No such container: b\n']);
  assert.equal(String(sent('/containers/c/stop')?.query), 't=3');
});

test('inspect finds what has the name, whatever it is', async () => {
  for (const path of ['containers/x/json', 'images/x/json', 'networks/x']) docker.on(`GET /${path}`, json({ message: 'no' }, 404));
  docker.on('GET /volumes/x', json({ Name: 'x' }));
  const terminal = testTerminal();
  assert.equal(await gantry(inspect, terminal, 'x'), 0);
  assert.deepEqual(JSON.parse(terminal.out()), [{ Name: 'x' }]);
  assert.equal(await gantry(inspect, testTerminal(), '--type', 'image', 'x'), 1);
});

test('names with slashes and ports stay what they are', async () => {
  docker.on('POST /images/localhost%3A5000/a/b%3A1/tag', (response) => response.writeHead(201).end());
  await gantry(tag, testTerminal(), 'localhost:5000/a/b:1', 'other:2');
  assert.equal(String(docker.seen[0]?.query), 'repo=other&tag=2');
  docker.on('DELETE /images/other%3A2', json([{ Untagged: 'other:2' }, { Deleted: 'sha256:1' }]));
  const terminal = testTerminal();
  await gantry(rmi, terminal, 'other:2');
  assert.equal(terminal.out(), 'Untagged: other:2\nDeleted: sha256:1\n');
});

test('a push logs in as docker login said, and fails as the registry says', async () => {
  const auth = Buffer.from('me:se:cret').toString('base64');
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { 'localhost:5000': { auth } } }));
  docker.on('POST /images/localhost%3A5000/app/push', (response) =>
    response.end('{"status":"The push"}\n{"errorDetail":{"message":"denied: no"},"error":"denied: no"}\n'),
  );
  const terminal = testTerminal({ environment: { DOCKER_CONFIG: folder } });
  await assert.rejects(
    gantry(push, terminal, 'localhost:5000/app:3'),
    (error) => error instanceof CommandError && error.exitStatus === 1 && error.message === 'denied: no',
  );
  assert.equal(terminal.out(), 'The push\n');
  const header = String(docker.seen[0]?.headers['x-registry-auth']);
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { username: 'me', password: 'se:cret', serveraddress: 'localhost:5000' });
  assert.equal(docker.seen[0]?.query.get('tag'), '3');
});

/** Name, type and text of each entry of a tar. */
async function entriesOf(tar: Buffer): Promise<readonly (readonly [string, string, string])[]> {
  const entries: (readonly [string, string, string])[] = [];
  const reading = extract();
  Readable.from([tar]).pipe(reading);
  for await (const entry of reading) {
    let text = '';
    for await (const chunk of entry) text += String(chunk);
    entries.push([entry.header.name, entry.header.type, text || (entry.header.linkname ?? '')]);
  }
  return entries;
}

test('build sends the folder as a tar, a Dockerfile from elsewhere with it, and the options', async () => {
  docker.on('POST /build', (response) => response.end('{"stream":"Step 1\\n"}\r\n{"stream":"done\\n"}\r\n'));
  await mkdir(join(folder, 'ctx', 'sub'), { recursive: true });
  await writeFile(join(folder, 'ctx', 'Dockerfile'), 'FROM x');
  await writeFile(join(folder, 'ctx', 'sub', 'file'), 'content');
  await writeFile(join(folder, 'ctx', 'empty'), '');
  await symlink('sub/file', join(folder, 'ctx', 'link'));
  await writeFile(join(folder, 'Outside'), 'FROM y');
  await writeFile(join(folder, 'Outside.dockerignore'), 'sub');
  const terminal = testTerminal({ environment: { FROM_HERE: 'v' } });
  const options = ['-t', 'a', '-t', 'b:1', '--build-arg', 'A=1', '--build-arg', 'FROM_HERE', '--build-arg', 'UNSET', '--target', 's', '--no-cache', '--pull'];
  assert.equal(await gantry(build, terminal, ...options, '-f', join(folder, 'Outside'), join(folder, 'ctx')), 0);
  assert.equal(terminal.out(), 'Step 1\ndone\n');
  const [{ query, body } = { query: new URLSearchParams(), body: Buffer.alloc(0) }] = docker.seen.filter(({ path }) => path === '/build');
  assert.deepEqual(query.getAll('t'), ['a', 'b:1']);
  assert.deepEqual(JSON.parse(query.get('buildargs') ?? ''), { A: '1', FROM_HERE: 'v', UNSET: null });
  assert.deepEqual([query.get('target'), query.get('nocache'), query.get('pull')], ['s', '1', '1']);
  const dockerfile = query.get('dockerfile') ?? '';
  assert.deepEqual(await entriesOf(body), [
    ['Dockerfile', 'file', 'FROM x'],
    ['empty', 'file', ''],
    ['link', 'symlink', 'sub/file'],
    ['sub/', 'directory', ''],
    ['sub/file', 'file', 'content'],
    [dockerfile, 'file', 'FROM y'],
    [`${dockerfile}.dockerignore`, 'file', 'sub'],
  ]);
});

test('a Dockerfile or a tar comes from standard input', async () => {
  docker.on('POST /build', (response) => response.end());
  await gantry(build, testTerminal({ input: 'FROM x\n' }), '-');
  const builds = () => docker.seen.filter(({ path }) => path === '/build');
  assert.deepEqual(await entriesOf(builds()[0]?.body ?? Buffer.alloc(0)), [['Dockerfile', 'file', 'FROM x\n']]);
  const tar = builds()[0]?.body.toString('latin1') ?? '';
  const terminal = testTerminal();
  terminal.stdin.end(Buffer.from(tar, 'latin1'));
  await gantry(build, terminal, '-', '-f', 'sub/Dockerfile');
  assert.deepEqual([builds()[1]?.body.toString('latin1') === tar, builds()[1]?.query.get('dockerfile')], [true, 'sub/Dockerfile']);
  await assert.rejects(gantry(build, testTerminal({ input: '' }), '-'), /it is empty/);
});

test('a build that fails ends as its command did', async () => {
  docker.on('POST /build', (response) => response.end('{"errorDetail":{"code":3,"message":"returned 3"},"error":"returned 3"}\n'));
  const failing = gantry(build, testTerminal({ input: 'FROM x' }), '-');
  await assert.rejects(failing, (error) => error instanceof CommandError && error.exitStatus === 3);
});
