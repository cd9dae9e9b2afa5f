import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLinux } from '#linux';
import { closePlace, makePlace, openEngine, shell, type TestEngine, type TestPlace } from './engine.testing.ts';

import type { Container } from './types.ts';

// Runs itself again in namespaces of its own, so that nothing of it is seen outside.
const isInside = process.env['GANTRY_TEST_NAMESPACE'] === 'engine-crash';
if (isInside) spawnSync('ip', ['link', 'set', 'lo', 'up']);
else {
  test('an engine that is cut off, in namespaces of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'engine-crash' },
      encoding: 'utf8',
    });
    process.stdout.write(result.stdout.replaceAll(/^/gm, '# '));
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}
const inside = { skip: !isInside };
const SEED = Number(process.env.GANTRY_SEED ?? 20_261);
/** A sample, or as many as a soak asks for. */
const KILLS = Number(process.env.GANTRY_SOAK_KILLS ?? 8);

/** A daemon in a process of its own: `engine`, `shell` and `say` are there for its script. */
function startDaemon(place: TestPlace, script: string): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const text = `
    const { openEngine, shell } = await import(${JSON.stringify(new URL('./engine.testing.ts', import.meta.url).href)});
    const { engine } = await openEngine(${JSON.stringify(place)});
    const say = (words) => process.stdout.write(JSON.stringify(words) + '\\n');
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<unknown> {
  let said = '';
  for await (const piece of stream) {
    said += String(piece);
    if (said.includes('\n')) break;
  }
  return JSON.parse(said);
}

function gone(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()));
}

/** What is on the machine for the place's containers beside their records. */
function traces(place: TestPlace): readonly string[] {
  const below = (folder: string) => {
    try {
      return readdirSync(join(place.folder, folder)).map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  };
  const groups = spawnSync('sh', ['-c', `ls -d /sys/fs/cgroup/*/gantry-${place.id}/*/`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean);
  const folders = ['run/containers', 'run/crun', 'run/netns', 'data/containers', 'data/exits', 'data/images/snapshots', 'data/images/leases'];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${place.folder}/`));
  return [...groups, ...folders.flatMap(below), ...mounts];
}

async function runOne({ engine: { containers } }: TestEngine, script: string, more: Parameters<typeof shell>[1] = {}) {
  const { id } = await containers.create(shell(script, more));
  await containers.start(id);
  const { exitCode } = await containers.wait(id, 'not-running');
  let output = '';
  for await (const line of containers.logs(id, {})) output += Buffer.from(line.content).toString();
  await containers.remove(id);
  return { exitCode, output };
}

test('a removal that was answered stays one, and what it left undone is done by the next start', inside, async () => {
  const place = makePlace();
  try {
    const daemon = startDaemon(
      place,
      `const { id } = await engine.containers.create(shell('exit 3', { name: 'taken' }));
       await engine.containers.start(id);
       await engine.containers.wait(id, 'not-running');
       await engine.containers.remove(id);
       process.kill(process.pid, 'SIGKILL');`,
    );
    await gone(daemon);
    assert.notDeepEqual(traces(place), [], 'it was cut off before it had tidied up');
    const again = await openEngine(place);
    assert.deepEqual(again.engine.containers.list(), []);
    assert.equal((await runOne(again, 'exit 4', { name: 'taken' })).exitCode, 4);
    await again.stop();
    assert.deepEqual(traces(place), []);
  } finally {
    await closePlace(place);
  }
});

test('the kept namespace ends with a killed daemon, and containers go on without it', inside, async () => {
  const place = makePlace();
  try {
    const daemon = startDaemon(
      place,
      `const { id } = await engine.containers.create(shell('sleep 100', { name: 'long' }));
       await engine.containers.start(id);
       say((await (await import('node:fs/promises')).readFile('/proc/' + process.pid + '/task/' + process.pid + '/children', 'utf8')).trim().split(' ').map(Number));
       setInterval(() => {}, 1000);`,
    );
    const helpers = await firstLine(daemon.stdout);
    assert.ok(Array.isArray(helpers) && helpers.length > 0);
    daemon.kill('SIGKILL');
    await gone(daemon);
    const { processes } = openLinux();
    for (const pid of helpers) await processes.waitGone(Number(pid), AbortSignal.timeout(5000));
    await using again = await openEngine(place);
    const { containers, execs } = again.engine;
    assert.equal(containers.get('long').state.status, 'running');
    const streams = await execs.start(await execs.create('long', { command: ['true'] }));
    streams.stdout.resume();
    streams.stderr?.resume();
    assert.equal(await streams.exited, 0);
    await containers.stop('long', { timeout_seconds: 0 });
    await containers.start('long');
    await containers.remove('long', { force: true });
  } finally {
    await closePlace(place);
  }
});

test('killed at any instant, the next start finds its way', inside, async (context) => {
  const place = makePlace();
  let state = SEED;
  try {
    for (let round = 0; round < KILLS; round += 1) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      const delay_ms = (state >>> 8) % 60;
      context.diagnostic(`seed ${SEED}, round ${round}: killed ${delay_ms} ms after the beginning of a run`);
      const daemon = startDaemon(
        place,
        `const run = async (script) => {
           const { id } = await engine.containers.create(shell(script));
           await engine.containers.start(id);
           await engine.containers.wait(id, 'not-running');
           await engine.containers.remove(id);
         };
         const runAndGo = async () => {
           const { id } = await engine.containers.create(shell('exit 2', { autoRemove: true }));
           const removed = engine.containers.wait(id, 'removed');
           await engine.containers.start(id);
           await removed;
         };
         await run('true');
         setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${delay_ms});
         for (;;) await Promise.all([run('true'), run('echo x; exit 1'), runAndGo()]);`,
      );
      await gone(daemon);
      await using again = await openEngine(place);
      const { containers } = again.engine;
      // Whatever is on record as running ends by itself: also what was about to be let go.
      const end = async ({ id, spec, state }: Container) => {
        const goes = spec.autoRemove === true && state.status !== 'created';
        await containers.wait(id, goes ? 'removed' : 'not-running', AbortSignal.timeout(5000));
        if (!goes) await containers.remove(id);
      };
      await Promise.all(containers.list().map(end));
      await again.stop();
      assert.deepEqual(traces(place), []);
    }
  } finally {
    await closePlace(place);
  }
});

test('where mounts do not reach the kept namespace, and where they come later', inside, async () => {
  for (const shared of [true, false]) {
    const place = makePlace({ shared });
    try {
      await using opened = await openEngine(place);
      const { containers } = opened.engine;
      const { id } = await containers.create(shell('exit 5'));
      for (let round = 0; round < 3; round += 1) {
        await containers.start(id);
        assert.equal((await containers.wait(id, 'not-running')).exitCode, 5);
      }
      await containers.remove(id);
      const late = join('/tmp', `gantry-test-late-${place.id}`);
      mkdirSync(late);
      assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'late', late]).status, 0);
      try {
        writeFileSync(join(late, 'file'), 'came later');
        const mounts = [{ type: 'bind' as const, source: late, target: '/late', readOnly: true }];
        assert.equal((await runOne(opened, 'cat /late/file', { mounts })).output.trim(), 'came later');
      } finally {
        assert.equal(spawnSync('umount', [late]).status, 0);
        assert.equal(spawnSync('rmdir', [late]).status, 0);
      }
    } finally {
      await closePlace(place);
    }
  }
});

test('a container that was let go when the daemon was cut off is one that runs: processes can be started in it', inside, async () => {
  const place = makePlace();
  try {
    const first = await openEngine(place);
    const { id } = await first.engine.containers.create(shell('trap exit TERM; while :; do sleep 0.1; done'));
    await first.engine.containers.start(id);
    await first.stop();
    // As a daemon leaves it that dies between letting the process go and taking away the pipe at which it waited.
    const pipe = join(place.folder, 'run/crun', id, 'exec.fifo');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    await using again = await openEngine(place);
    const { execs } = again.engine;
    const streams = await execs.start(await execs.create(id, { command: ['ls', '/sys/class/net'] }));
    const [text, exitCode] = await Promise.all([streams.stdout.toArray(), streams.exited]);
    assert.match(Buffer.concat(text).toString(), /eth0/);
    assert.equal(exitCode, 0);
    assert.ok(!existsSync(pipe));
  } finally {
    await closePlace(place);
  }
});
