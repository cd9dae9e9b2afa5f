import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openLmdbStore } from './open.ts';
import type { Store } from './types.ts';

const SEED = Number(process.env.GANTRY_SEED ?? Math.floor(Math.random() * 1_000_000));
/** A sample, or as many as a soak asks for. */
const KILLS = Number(process.env.GANTRY_SOAK_KILLS ?? 4);
const UPDATES = process.env.GANTRY_SOAK_UPDATES;
const WRITERS = 16;
const DELETE_EVERY = 5;
const LEASE_EVERY = 3;
const ACKNOWLEDGED_MAX = 1500;
const WRITER = new URL('./storm-writer.testing.ts', import.meta.url).pathname;

const folder = await mkdtemp(join(tmpdir(), 'gantry-storm-'));
after(() => rm(folder, { recursive: true, force: true }));

/** Numbers from 0 up to 1, always the same for the same seed (xorshift32). */
function seeded(seed: number): () => number {
  let state = (seed | 0) === 0 ? 1 : seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What was begun and what was acknowledged of each writer, up to the kill that comes after so many acknowledgements. */
async function storm(path: string, firsts: readonly number[], killAfter: number) {
  const begun = firsts.map((first) => first - 1);
  const acknowledged = [...begun];
  let count = 0;
  const child = spawn(process.execPath, ['--no-warnings', WRITER, path, firsts.join(',')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, writer, number] = line.split(' ');
    (what === 'i' ? begun : acknowledged)[Number(writer)] = Number(number);
    if (what === 'a' && ++count === killAfter) child.kill('SIGKILL');
  }
  assert.equal(await exited, 'SIGKILL');
  return { begun, acknowledged };
}

/** What stands under a writer's key after its write of that number. */
const stateAfter = (number: number) => (number % DELETE_EVERY === 0 ? undefined : String(number));

/** Both keys of the writer stand there with one lease that knows of them, or neither. */
async function checkLease(store: Store, key: string, found: Map<string, string>): Promise<void> {
  const [one, twin] = [await store.get(key), await store.get(`${key}/twin`)];
  assert.deepEqual([twin?.modRevision, twin?.lease, twin && Buffer.from(twin.value).toString()], [one?.modRevision, one?.lease, found.get(key)]);
  if (one?.lease !== undefined) assert.deepEqual((await store.lease(one.lease)).keys, [key, `${key}/twin`]);
  else assert.equal(one, undefined, `${key} stands there without its lease`);
  found.delete(`${key}/twin`);
}

test(`kill -9 in a storm of writes: every acknowledged write is there and no other (GANTRY_SEED=${SEED})`, async (context) => {
  const random = seeded(SEED);
  const path = join(folder, 'storm.lmdb');
  let firsts: readonly number[] = Array.from({ length: WRITERS }, () => 1);
  let revision = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const { begun, acknowledged } = await storm(path, firsts, 1 + Math.floor(random() * ACKNOWLEDGED_MAX));
    const store = await openLmdbStore({ path, historyLimit: 500 });
    const { items } = await store.range('');
    const found = new Map(items.map(({ key, value }) => [key, Buffer.from(value).toString()]));
    for (let writer = 0; writer < WRITERS; writer++) {
      const [last = 0, next = 0] = [acknowledged[writer], begun[writer]];
      const allowed = [stateAfter(last), stateAfter(next)];
      assert.ok(
        allowed.includes(found.get(`/w/${writer}`)),
        `kill ${kill}, writer ${writer}: ${found.get(`/w/${writer}`)} stands where ${allowed.join(' or ')} must`,
      );
      if (writer % LEASE_EVERY === 0) await checkLease(store, `/w/${writer}`, found);
      found.delete(`/w/${writer}`);
    }
    assert.deepEqual([...found], [], 'nothing else stands there');
    assert.ok((await store.revision()) >= revision);
    revision = await store.revision();
    await store.close();
    firsts = begun.map((number) => number + 1);
  }
  context.diagnostic(`${KILLS} kills, ${revision} revisions, nothing lost`);
});

test('history is forgotten as it goes: the file does not grow with the number of updates', async (context) => {
  const isSoak = UPDATES !== undefined;
  const [updates, objects, atOnce] = isSoak ? [Number(UPDATES), 1000, 64] : [30_000, 100, 64];
  const path = join(folder, 'bounded.lmdb');
  const store = await openLmdbStore({ path, ...(isSoak ? {} : { historyLimit: 1000 }) });
  const value = Buffer.alloc(1024, 'x');
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < updates) await store.put(`/object/${next++ % objects}`, value);
    }),
  );
  assert.equal((await store.range('')).count, objects);
  assert.equal(await store.revision(), updates);
  await store.close();
  const { size } = await stat(path);
  context.diagnostic(`${updates} updates of 1 KB to ${objects} objects: a file of ${(size / 1e6).toFixed(1)} MB`);
  assert.ok(size < (isSoak ? 200e6 : 10e6), `${size} bytes after ${updates} updates of 1 KB`);
});
