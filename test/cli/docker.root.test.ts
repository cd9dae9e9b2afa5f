import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MAIN } from '../support/daemon.ts';
import { output, type Outcome, run, type RunOptions } from '../support/run.ts';
import { type DockerStack, startDockerStack } from './docker-stack.ts';

// Runs itself again in namespaces of its own, so that nothing of it is seen outside.
const isInside = process.env.GANTRY_TEST_NAMESPACE === 'cli';
if (!isInside) {
  test('the commands on real containers, in namespaces of their own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const command = ['unshare', '-m', '-n', '--propagation', 'private', process.execPath, '--no-warnings', '--test', import.meta.filename];
    const outcome = await run(command, { environment: { ...environment, GANTRY_TEST_NAMESPACE: 'cli' }, timeout_ms: 300_000 });
    assert.equal(outcome.status, 0, `${outcome.stdout}\n${outcome.stderr}`);
  });
}
const inside = { skip: !isInside };

let stack: DockerStack;
if (isInside) {
  before(async () => {
    spawnSync('ip', ['link', 'set', 'lo', 'up']);
    stack = await startDockerStack();
  });
  after(() => stack[Symbol.asyncDispose]());
}

function gantry(line: string | readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const environment = { PATH: process.env.PATH, HOME: stack.folder, DOCKER_HOST: `unix://${stack.socketPath}` };
  return run([process.execPath, '--no-warnings', MAIN, ...words], { environment, folder: stack.folder, ...options });
}
const ok = (line: string | readonly string[], options?: RunOptions) => output(gantry(line, options));

test('run brings both outputs, the input and the exit status', inside, async () => {
  assert.deepEqual(await gantry(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7']), { status: 7, stdout: 'out\n', stderr: 'err\n' });
  const bytes = Buffer.alloc(5_000_000, 'abcdefghi\n');
  assert.equal(await ok('run --rm -i busybox cat', { input: bytes }), bytes.toString());
  // More input than is read.
  assert.deepEqual(await gantry('run --rm -i busybox true', { input: bytes }), { status: 0, stdout: '', stderr: '' });
  assert.equal(await ok('ps -aq'), '');
});

test('the options of run reach the container', inside, async () => {
  const script = 'echo $A; id -u; pwd; hostname; touch /x 2>&1; ls /v';
  await writeFile(join(stack.folder, 'env'), '# a note\nA=from the file\n');
  await mkdir(join(stack.folder, 'shared', 'inner'), { recursive: true });
  const options = ['--env-file', 'env', '-w', '/tmp', '-u', '1000', '-h', 'box', '--read-only', '-v', './shared:/v'];
  const said = await ok(['run', '--rm', ...options, 'busybox', 'sh', '-c', script]);
  assert.equal(said, 'from the file\n1000\n/tmp\nbox\ntouch: /x: Read-only file system\ninner\n');
});

test('a terminal session has the size of its window and the keys of its user', inside, async () => {
  // `script` gives the command a terminal of its own; `stty` sets the window's size.
  const command = `stty rows 33 cols 99; "${process.execPath}" --no-warnings "${MAIN}" run --rm -it busybox sh -c 'tty; until stty size 2>/dev/null | grep .; do :; done; read word; echo got $word; exit 5'`;
  const environment = { PATH: process.env.PATH, HOME: stack.folder, DOCKER_HOST: `unix://${stack.socketPath}` };
  const { status, stdout } = await run(['script', '-qec', command, '/dev/null'], { environment, input: 'typed\n' });
  assert.equal(status, 5, stdout);
  // The terminal echoes what is typed whenever it comes.
  assert.match(stdout, /\/dev\/pts\/0\r+\n[\s\S]*33 99\r+\n[\s\S]*got typed\r+\n$/);
});

test('what can’t start ends as in a shell', inside, async () => {
  assert.deepEqual([(await gantry('run --rm busybox nosuch')).status, (await gantry('run --rm busybox /etc')).status], [127, 126]);
  assert.equal((await gantry('run --rm -p 1-2:1-3 busybox')).status, 2);
  assert.equal((await gantry('run --rm --network nowhere busybox')).status, 125);
  assert.equal(await ok('ps -aq'), '');
});

test('the life of a container: ps, exec, logs, inspect, stop, rm', inside, async () => {
  const id = (await ok(['run', '-d', '--name', 'web', '-p', '8080:80', 'busybox', 'sh', '-c', 'echo one; echo two >&2; exec sleep 100'])).trim();
  assert.match(await ok('ps'), new RegExp(`^CONTAINER ID.*\n${id.slice(0, 12)} +busybox +"sh -c 'echo one; ec…" .* Up .* 0\\.0\\.0\\.0:8080->80/tcp +web\n$`));
  assert.equal(await ok('exec -i -e A=b web cat', { input: 'through' }), 'through');
  assert.equal((await gantry(['exec', '-w', '/tmp', 'web', 'sh', '-c', 'test $PWD = /tmp && exit 9'])).status, 9);
  assert.equal((await gantry('exec web nosuch')).status, 127);
  assert.deepEqual(await gantry('logs web'), { status: 0, stdout: 'one\n', stderr: 'two\n' });
  assert.match((await gantry('logs -t --tail 1 web')).stderr, /^\d{4}-.* two\n$/);
  const [inspected] = JSON.parse(await ok('inspect web')) as { Id: string; State: { Running: boolean } }[];
  assert.deepEqual([inspected?.Id, inspected?.State.Running], [id, true]);
  assert.match((await gantry('rm web')).stderr, /container is running/);
  assert.equal(await ok('stop -t 0 web'), 'web\n');
  assert.deepEqual(await gantry('rm web nobody'), { status: 1, stdout: 'web\n', stderr: 'gantry: No such container: nobody\n' });
});

test('a following log ends with its container', inside, async () => {
  await ok(['run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.2; done']);
  assert.equal(await ok('logs -f talker'), '1\n2\n3\n');
  await ok('rm talker');
});

test('an image is built, named, pushed, pulled, run and removed', inside, async () => {
  const context = join(stack.folder, 'context');
  await mkdir(context);
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox AS one\nARG V=0\nRUN echo $V > /made\nCOPY . /c\nFROM one\nRUN ls /c\n');
  await writeFile(join(context, '.dockerignore'), 'secret*\n');
  await writeFile(join(context, 'secret.txt'), 'x');
  await writeFile(join(context, 'open.txt'), 'x');
  const name = `${stack.registry}/app:1`;
  const built = await ok(`build -t ${name} --build-arg V=5 --label a=b context`);
  assert.match(built, /Dockerfile\nopen\.txt\n/);
  assert.ok(!built.includes('secret.txt'), built);
  await ok(`tag ${name} other`);
  assert.match(await ok('images other'), /^REPOSITORY [\s\S]*\nother +latest +[0-9a-f]{12} /);
  assert.match(await ok(`push ${name}`), /1: digest: sha256:[0-9a-f]{64} size: \d+/);
  assert.match(await ok(`rmi ${name}`), new RegExp(`Untagged: ${name}`));
  // It is pulled, since it is not here.
  assert.deepEqual((await gantry(`run --rm ${name} cat /made`)).stdout, '5\n');
  assert.match(await ok(`pull ${name}`), /Status: /);
  assert.match((await gantry(`pull ${stack.registry}/none`)).stderr, /404/);
});

test('a build takes its Dockerfile from where it is said, and ends as its command did', inside, async () => {
  await mkdir(join(stack.folder, 'other'));
  await writeFile(join(stack.folder, 'other', 'file'), 'x');
  await writeFile(join(stack.folder, 'Outside'), 'FROM busybox\nCOPY file /\nRUN ls /file\n');
  assert.match(await ok('build -f Outside other'), /\/file\n/);
  assert.match(await ok('build -f - other', { input: 'FROM busybox\nCOPY file /\nRUN ls /file\n' }), /\/file\n/);
  const failed = await gantry('build -', { input: 'FROM busybox\nRUN exit 3\n' });
  assert.deepEqual([failed.status, /returned a non-zero code: 3/.test(failed.stderr)], [3, true]);
  assert.match(await ok('build -q -', { input: 'FROM busybox\n' }), /^sha256:[0-9a-f]{64}\n$/);
  assert.match((await gantry('build other')).stderr, /Dockerfile/);
});

test('a Dockerfile is checked, alone and with its build', inside, async () => {
  const context = join(stack.folder, 'checked');
  await mkdir(context);
  await writeFile(join(context, '.dockerignore'), 'secret*\n');
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox AS One\nCOPY secret.txt /\nENV TOKEN=$TOKN\n  CMD x\n');
  const checked = await gantry('build --check checked');
  assert.deepEqual([checked.status, checked.stderr], [1, '']);
  assert.match(checked.stdout, /^Check complete, 5 warnings have been found!\n/);
  for (const [rule, place] of [
    ['StageNameCasing', '1:17'],
    ['CopyIgnoredFile', '2:6'],
    ['SecretsUsedInArgOrEnv', '3:5'],
    ['UndefinedVar', '3:11'],
    ['JSONArgsRecommended', '4:3'],
  ])
    assert.match(checked.stdout, new RegExp(`WARNING: ${rule}[^\\n]*\\n[^\\n]*\\n[^\\n]*\\nDockerfile:${place}\\n`));
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nLABEL path=$PATH\nCMD x\n');
  const built = await gantry('build checked');
  assert.deepEqual([built.status, /\n1 warning found [^\n]*\n - JSONArgsRecommended: [^\n]* \(line 3, column 1\)\n$/.test(built.stderr)], [0, true]);
  await writeFile(join(context, 'Dockerfile'), '# check=error=true\nFROM busybox\nCMD x\n');
  assert.match((await gantry('build checked')).stderr, /lint violation found for rules: JSONArgsRecommended/);
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPY --form=x a b\n');
  const wrong = /dockerfile parse error on line 2: unknown flag: --form \(did you mean --from\?\): COPY takes .* \(in COPY, column 6\)/;
  for (const command of ['build checked', 'build --check checked']) {
    const refused = await gantry(command);
    assert.deepEqual([refused.status, wrong.test(refused.stdout + refused.stderr)], [1, true], refused.stdout + refused.stderr);
  }
});

test('on a terminal a build is drawn live, and what its last step wrote stays when it fails', inside, async () => {
  const folder = join(stack.folder, 'live');
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUN echo one; sleep 0.5\nRUN echo two; exit 6\n');
  const command = `stty rows 33 cols 60; "${process.execPath}" --no-warnings "${MAIN}" build "${folder}"`;
  const environment = { PATH: process.env.PATH, HOME: stack.folder, DOCKER_HOST: `unix://${stack.socketPath}`, TERM: 'xterm' };
  const { status, stdout } = await run(['script', '-qec', command, '/dev/null'], { environment });
  assert.equal(status, 6, stdout);
  const [first = '', ...frames] = stdout.split('\u001b[J\u001b[?7l');
  assert.equal(first.trim(), '');
  assert.ok(
    frames.some((frame) => / > \[2\/3\] RUN echo one; sleep 0\.5 +0\.\ds\r\n {3}\| one\r\n/.test(frame)),
    stdout,
  );
  assert.match(
    frames.at(-1) ?? '',
    / ✔ \[2\/3\] RUN echo one; sleep 0\.5 +[\d.]+s\r\n ✘ \[3\/3\] RUN echo two; exit 6 +[\d.]+s\r\n[\s\S]*two\r\n[\s\S]*returned a non-zero code: 6/,
  );
});

test('a tar becomes an image; what the server refuses at once is told at once', inside, async () => {
  assert.match(await ok(['import', '-c', 'CMD ["/bin/echo", "imported"]', 'rootfs.tar', 'made:1']), /^sha256:/);
  assert.equal(await ok('run --rm made:1'), 'imported\n');
  const refused = await gantry(['import', '-c', 'NONSENSE', 'rootfs.tar', 'made:2'], { timeout_ms: 10_000 });
  assert.deepEqual([refused.status, /NONSENSE/i.test(refused.stderr)], [1, true]);
});
