import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { testTerminal } from '../terminal.testing.ts';
import { build } from './build.ts';
import type { CheckAnswer } from './build-check.ts';
import { type FakeDocker, fakeDocker, json } from './fake-server.testing.ts';

let docker: FakeDocker;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-check-'));
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nENV A=1\n\nCMD x\n');
  await writeFile(join(folder, '.dockerignore'), '*.md\n');
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  docker = await fakeDocker();
});
afterEach(() => docker[Symbol.asyncDispose]());

const finding = { rule: 'R', description: 'D', url: 'https://u/r/', line: 4, column: 1, end: 4, message: 'M', remedy: 'write N' };
const none: CheckAnswer = { Findings: [], FailsBuild: false };
const some: CheckAnswer = { Findings: [finding], FailsBuild: false };
const run = (terminal: ReturnType<typeof testTerminal>, ...words: string[]) => build.run([...words, '--docker-socket', docker.socketPath], terminal);

test('--check sends the texts and shows what was found, as docker does', async () => {
  docker.on('POST /build/check', json(some));
  const terminal = testTerminal();
  assert.equal(await run(terminal, '--check', '--build-arg', 'B=1', '--target', 't', folder), 1);
  assert.deepEqual(docker.asked(), ['POST /build/check']);
  assert.deepEqual(JSON.parse(docker.seen[0]?.body.toString() ?? ''), {
    Dockerfile: 'FROM scratch\nENV A=1\n\nCMD x\n',
    Dockerignore: '*.md\n',
    BuildArgs: { B: '1' },
    Target: 't',
  });
  assert.equal(
    terminal.out(),
    [
      'Check complete, 1 warning has been found!',
      '',
      'WARNING: R - https://u/r/',
      'M',
      '  write N',
      'Dockerfile:4:1',
      '--------------------',
      '   2 |     ENV A=1',
      '   3 |',
      '   4 | >>> CMD x',
      '--------------------',
      '',
    ].join('\n'),
  );
});

test('--check of a file without a fault, and of one that does not read', async () => {
  docker.on('POST /build/check', json(none));
  const terminal = testTerminal({ input: 'FROM scratch\n' });
  assert.equal(await run(terminal, '--check', '-'), 0);
  assert.equal(terminal.out(), 'Check complete, no warnings found.\n');
  assert.deepEqual(JSON.parse(docker.seen[0]?.body.toString() ?? ''), { Dockerfile: 'FROM scratch\n', Dockerignore: null, BuildArgs: {}, Target: '' });
  docker.on('POST /build/check', json({ ...none, Mistake: { Message: 'dockerfile parse error on line 2: x', Line: 2, Column: 5 } }));
  const wrong = testTerminal();
  assert.equal(await run(wrong, '--check', folder), 1);
  assert.match(wrong.out(), /^ERROR: dockerfile parse error on line 2: x\nDockerfile:2:5\n-+\n {3}1 \| {5}FROM scratch\n {3}2 \| >>> ENV A=1\n/);
});

test('--check --format json has the shape of docker’s', async () => {
  docker.on('POST /build/check', json(some));
  const terminal = testTerminal();
  assert.equal(await run(terminal, '--check', '--format', 'json', folder), 1);
  const { warnings, sources } = JSON.parse(terminal.out()) as { warnings: object[]; sources: object[] };
  const ranges = [{ start: { line: 4, character: 0 }, end: { line: 4, character: 0 } }];
  assert.deepEqual(warnings, [{ ruleName: 'R', description: 'D', url: 'https://u/r/', detail: 'M', remedy: 'write N', location: { ranges } }]);
  assert.deepEqual(sources, [{ filename: 'Dockerfile', language: 'Dockerfile', data: Buffer.from('FROM scratch\nENV A=1\n\nCMD x\n').toString('base64') }]);
  await assert.rejects(run(testTerminal(), '--format', 'json', folder), /it is json or text, and goes with --check/);
});

test('--check cannot look into an archive', async () => {
  const terminal = testTerminal();
  terminal.stdin.end(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(600)]));
  await assert.rejects(run(terminal, '--check', '-'), /Cannot check an archive or a remote context/);
});

test('a build ends with what was found', async () => {
  docker.on('POST /build/check', json(some));
  docker.on('POST /build', (response) => response.end('{"stream":"built\\n"}\n'));
  const terminal = testTerminal();
  assert.equal(await run(terminal, folder), 0);
  // What the base images set is known once they are here.
  assert.deepEqual(docker.asked(), ['POST /build', 'POST /build/check']);
  assert.equal(terminal.out(), 'built\n');
  assert.equal(terminal.err(), '\n1 warning found (gantry build --check tells what to write instead):\n - R: M (line 4, column 1)\n');
  const quiet = testTerminal();
  assert.equal(await run(quiet, '-q', folder), 0);
  assert.equal(quiet.err(), '');
});

test('a build is not begun where the file asks that findings fail it', async () => {
  docker.on('POST /build/check', json({ ...some, FailsBuild: true }));
  await assert.rejects(
    run(testTerminal({ input: '# check=error=true\nFROM scratch\nCMD x\n' }), '-'),
    /lint violation found for rules: R\. .*"# check=error=true"/,
  );
  assert.deepEqual(docker.asked(), ['POST /build/check']);
});

test('a daemon without a checker builds all the same', async () => {
  docker.on('POST /build/check', json({ message: 'page not found' }, 404));
  docker.on('POST /build', (response) => response.end('{"stream":"built\\n"}\n'));
  const terminal = testTerminal();
  assert.equal(await run(terminal, folder), 0);
  assert.deepEqual([terminal.out(), terminal.err()], ['built\n', '']);
  await assert.rejects(run(testTerminal(), '--check', folder), /the daemon has no checker/);
});
