import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { closePlace, makePlace, openEngine, type TestEngine, type TestPlace } from '../../src/engine/engine.testing.ts';
import { type Expected, FIRST, journalOf, LAST, NETWORK, type Step } from './operations.ts';
import type { Container } from '#engine';

// Runs itself again in namespaces of its own, so that nothing of it is seen outside.
const isInside = process.env['GANTRY_TEST_NAMESPACE'] === 'engine-operations';
if (isInside) spawnSync('ip', ['link', 'set', 'lo', 'up']);
else {
  test('operations that are cut off, in namespaces of their own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'engine-operations' },
      encoding: 'utf8',
    });
    process.stdout.write(result.stdout.replaceAll(/^/gm, '# '));
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}

const SEED = Number(process.env.GANTRY_SEED ?? 20_262);
/** A sample, or as many as a soak asks for. */
const KILLS = Number(process.env.GANTRY_SOAK_KILLS ?? 10);
const LONGEST_MS = 400;

test('killed in the middle of any operation, the next start knows all that was answered', { skip: !isInside }, async (context) => {
  const place = makePlace();
  let state = SEED;
  const draw = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return (state >>> 8) % below;
  };
  try {
    await (await openEngine(place)).stop();
    const clean = traces(place);
    for (let round = 0; round < KILLS; round += 1) {
      const [delay_ms, seed] = [draw(LONGEST_MS), draw(2 ** 20)];
      context.diagnostic(`seed ${SEED}, round ${round}: killed after ${delay_ms} ms`);
      const cutOff = await workAndDie(place, seed, delay_ms, round);
      await using again = await openEngine(place);
      try {
        await compare(again, cutOff);
        await takeAway(again, place);
        await again.stop();
        // The kernel takes links away a moment after their namespaces.
        await eventually('nothing to be left', () => isDeepStrictEqual(traces(place), clean)).catch(() => assert.deepEqual(traces(place), clean));
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${round}: ${JSON.stringify(cutOff)}`, { cause: error });
      }
    }
  } finally {
    await closePlace(place);
  }
});

/** What each slot's container was at the moment, and what was being done to it. */
interface CutOff {
  readonly now: Expected | undefined;
  readonly pending: Step | undefined;
}

async function workAndDie(place: TestPlace, seed: number, delay_ms: number, round: number): Promise<readonly CutOff[]> {
  rmSync(journalOf(place), { force: true });
  const path = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    const [{ openEngine }, { operate }, { seeded }] = await Promise.all([import(${path('../../src/engine/engine.testing.ts')}), import(${path('./operations.ts')}), import(${path('../support/seeded.ts')})]);
    const place = ${JSON.stringify(place)};
    const { engine } = await openEngine(place);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${delay_ms});
    await operate(engine, place, seeded(${seed}), ${round});`;
  const daemon: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [, signal] = (await once(daemon, 'exit')) as [number | null, string | null]; // of a child process
  assert.equal(signal, 'SIGKILL', 'the work went on until it was killed');
  const slots = new Map<number, CutOff>();
  for (const line of existsSync(journalOf(place)) ? readFileSync(journalOf(place), 'utf8').split('\n').filter(Boolean) : []) {
    const step = JSON.parse(line) as Step; // as `operate` writes it
    slots.set(step.slot, step.phase === 'done' ? { now: step.after, pending: undefined } : { now: step.before, pending: step });
  }
  return [...slots.values()];
}

async function compare(opened: TestEngine, cutOff: readonly CutOff[]): Promise<void> {
  const { containers } = opened.engine;
  const left = new Set<string>(containers.list().map(({ id }) => id));
  for (const { now, pending } of cutOff) {
    const names = [now?.name, pending?.after?.name].filter((name) => name !== undefined);
    const found = containers.list().find(({ name }) => names.includes(name));
    if (found === undefined) assert.ok(now === undefined || pending?.operation === 'remove', 'a container that was answered is gone');
    else {
      left.delete(found.id);
      assert.ok(now !== undefined || pending?.operation === 'create' || pending?.operation === 'remove', 'a container that was removed is back');
      await compareOne(opened, found, now ?? pending?.after, pending);
    }
    if (now?.volume !== undefined && pending?.operation !== 'unmake volume') opened.engine.volumes.get(now.volume);
  }
  assert.deepEqual([...left], [], 'containers that nobody asked for');
}

async function compareOne(opened: TestEngine, found: Container, now: Expected | undefined, pending: Step | undefined): Promise<void> {
  if (now === undefined || pending?.operation === 'remove') return;
  const { containers } = opened.engine;
  const runs = { never: ['created'], may: ['running', 'exited'], yes: ['running'], ended: ['exited'] }[now.runs];
  const allowed = pending?.operation === 'start' ? [...runs, 'running', 'exited'] : pending?.operation === 'stop' ? [...runs, 'exited'] : runs;
  assert.ok(allowed.includes(found.state.status), `${found.state.status}, not ${allowed.join(' or ')}`);
  const of = (key: 'port' | 'connected') => [now[key], ...(pending?.after === undefined ? [] : [pending.after[key]])];
  const port = found.spec.publish?.[0]?.hostPort;
  assert.ok(of('port').includes(port), `port ${port}`);
  const connected = NETWORK in (found.spec.network.kind === 'networks' ? found.spec.network.endpoints : {});
  assert.ok(of('connected').includes(connected), `connected: ${connected}`);
  if (found.state.status === 'running' && !now.short) {
    assert.deepEqual(
      found.ports.flatMap(({ hostPort }) => hostPort ?? []),
      port === undefined ? [] : [port],
    );
    // One that was told to stop may end at any moment: nothing can be started in it then.
    if (pending?.operation !== 'stop')
      assert.deepEqual(await linksIn(opened, found.id), ['eth0', ...(connected ? ['eth1'] : [])], 'its links are those on record');
    await containers.stop(found.id);
  }
  const { exitCode } = await containers.wait(found.id, 'not-running', AbortSignal.timeout(10_000));
  const lines = await logOf(opened, found.id);
  if (containers.get(found.id).state.status === 'created') return assert.deepEqual(lines, [], 'it never ran');
  const begun = now.begun + (pending?.operation === 'start' && lines.length > now.begun * 2 ? 1 : 0);
  assert.deepEqual(lines, Array.from({ length: begun }, () => [FIRST, LAST]).flat());
  if (begun > 0) assert.equal(exitCode, now.exitCode);
}

async function linksIn({ engine }: TestEngine, id: string): Promise<readonly string[]> {
  const streams = await engine.execs.start(await engine.execs.create(id, { command: ['ls', '/sys/class/net'] }));
  let [text, problem] = ['', ''];
  streams.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  streams.stderr?.on('data', (piece: Buffer) => (problem += piece.toString()));
  assert.equal(await streams.exited, 0, `a process in a running container: ${problem}`);
  return text.split('\n').filter((name) => name.startsWith('eth'));
}

async function logOf({ engine }: TestEngine, id: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { content } of engine.containers.logs(id, {})) lines.push(Buffer.from(content).toString().trim());
  return lines;
}

/** Removes all there is by the engine's own means. */
async function takeAway({ engine }: TestEngine, place: TestPlace): Promise<void> {
  await Promise.all(engine.containers.list().map(({ id }) => engine.containers.remove(id, { force: true, volumes: true })));
  for (const { name, anonymous } of engine.volumes.list()) {
    assert.ok(!anonymous, `${place.folder}: the anonymous volume ${name} went with its container`);
    await engine.volumes.remove(name, false);
  }
  for (const { name } of engine.networks.list()) if (name === NETWORK) await engine.networks.remove(name);
}

/** What is on the machine for the place beside its records. */
function traces(place: TestPlace): Readonly<Record<string, readonly string[]>> {
  const below = (folder: string) => {
    try {
      return readdirSync(join(place.folder, folder)).map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  };
  const lines = (command: string) => spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  const run = ['run/containers', 'run/crun', 'run/netns', 'run/held', 'run/execs'];
  const data = ['data/containers', 'data/exits', 'data/volumes', 'data/images/snapshots', 'data/images/leases', 'data/images/ingest'];
  return {
    groups: lines(`ls -d /sys/fs/cgroup/*/gantry-${place.id}/*/ 2>/dev/null`),
    folders: [...run, ...data].flatMap(below),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`${place.folder}/`)),
    links: lines('ip -o link | cut -d: -f2 | cut -d@ -f1').filter((name) => !name.includes(' gtr')),
    // The rules for published ports; the names of bridges have figures too.
    rules: lines('nft list ruleset').filter((line) => /dnat|\b20\d\d\d\b/.test(line)),
  };
}
