import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { open as openLmdb } from 'lmdb';
import { FakeClock, systemClock } from '#kit';
import { storeContract } from './contract.ts';
import { openLmdbStore } from './open.ts';
import type { Store } from './types.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-store-'));
after(() => rm(folder, { recursive: true, force: true }));
/** A sample, or as many as a soak asks for. */
const WRITES = Number(process.env.GANTRY_SOAK_WRITES ?? 200);
let stores = 0;
const freshPath = () => join(folder, `store-${stores++}`);

storeContract('lmdb', () => openLmdbStore({ path: freshPath() }), { openLimited: (historyLimit) => openLmdbStore({ path: freshPath(), historyLimit }) });

test('lmdb: finds everything again after closing, history included', async () => {
  const path = freshPath();
  const before = await openLmdbStore({ path });
  await before.put('/a', Buffer.from('1'));
  await before.put('/a', Buffer.from('2'));
  await before.put('/b', Buffer.from('x'));
  await before.delete('/b');
  await before.close();
  const again = await openLmdbStore({ path });
  assert.equal(await again.revision(), 4);
  assert.equal(Buffer.from((await again.get('/a'))?.value ?? []).toString(), '2');
  assert.equal(Buffer.from((await again.get('/a', 1))?.value ?? []).toString(), '1');
  assert.equal(await again.get('/b'), undefined);
  await again.compact(4);
  await again.close();
  const compacted = await openLmdbStore({ path });
  assert.equal(await compacted.revision(), 4);
  assert.equal((await compacted.put('/c', Buffer.from('y'))).modRevision, 5);
  await compacted.close();
});

test('lmdb: a value is read from the file when it is asked for, as long as it stands there', async () => {
  const path = freshPath();
  const first = await openLmdbStore({ path });
  await first.transact([
    { key: '/a', value: Buffer.from('1') },
    { key: '/b', value: Buffer.from('line\nline') },
  ]);
  await first.put('/empty', Buffer.alloc(0));
  await first.close();
  const store = await openLmdbStore({ path });
  const { items } = await store.range('/');
  const read = () => items.map(({ key, value }) => [key, Buffer.from(value).toString()]);
  const all = [
    ['/a', '1'],
    ['/b', 'line\nline'],
    ['/empty', ''],
  ];
  assert.deepEqual(read(), all);
  await store.put('/a', Buffer.from('2'));
  assert.deepEqual(read(), all);
  await store.compact(3);
  assert.throws(read, { code: 'COMPACTED' });
  assert.equal(Buffer.from((await store.get('/a'))?.value ?? []).toString(), '2');
  await store.close();
});

test('lmdb: a transaction is found whole again, in its order and compacted whole', async () => {
  const path = freshPath();
  const before = await openLmdbStore({ path });
  const keys = Array.from({ length: 40 }, (_, index) => `/k/${String(index).padStart(2, '0')}`);
  const writes = () => keys.map((key) => ({ key, value: Buffer.from(key) }));
  await before.put('/first', Buffer.from('x'));
  await before.transact(writes());
  await before.transact(writes());
  await before.put('/last', Buffer.from('x'));
  await before.close();
  const again = await openLmdbStore({ path });
  assert.equal(await again.revision(), 4);
  assert.deepEqual(
    (await again.range('/k/')).items.map(({ key, modRevision, createRevision }) => [key, modRevision, createRevision]),
    keys.map((key) => [key, 3, 2]),
  );
  assert.equal((await again.range('/k/', { revision: 2 })).count, keys.length);
  await again.compact(3);
  await again.close();
  const compacted = await openLmdbStore({ path });
  assert.equal((await compacted.range('/k/')).count, keys.length);
  await assert.rejects(compacted.get('/k/00', 2), { code: 'COMPACTED' });
  await compacted.close();
});

test('lmdb: loses no acknowledged write to kill -9', async () => {
  const path = freshPath();
  const writer = `
    import { openLmdbStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const store = await openLmdbStore({ path: ${JSON.stringify(path)} });
    for (let i = 1; ; i++) {
      await Promise.all([store.put('/k/' + i, Buffer.from(String(i))), store.put('/last', Buffer.from(String(i)))]);
      process.stdout.write(i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module-typescript', '--eval', writer], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let acknowledged = 0;
  for await (const chunk of child.stdout) {
    const numbers = String(chunk).trim().split('\n').map(Number);
    acknowledged = Math.max(acknowledged, ...numbers);
    if (acknowledged >= WRITES) child.kill('SIGKILL');
  }
  await exited;
  const store = await openLmdbStore({ path });
  for (let i = 1; i <= acknowledged; i++) assert.ok(await store.get(`/k/${i}`), `write ${i} of ${acknowledged} is lost`);
  await store.close();
});

test('a moment is looked up, also after the file was opened again, and what is older than is wanted is forgotten by the writes', async () => {
  const path = join(folder, 'times.lmdb');
  const clock = { ...systemClock, now: () => now_ms };
  let now_ms = 1_000_000;
  const options = { path, clock, historyAge_ms: 60_000 };
  const write = async (store: Store, value: string) => {
    now_ms += 10_000;
    await store.put('/a', Buffer.from(value));
  };
  const at = async (store: Store, time_ms: number) => {
    const item = await store.get('/a', await store.revisionAt(time_ms));
    return item && Buffer.from(item.value).toString();
  };
  let store = await openLmdbStore(options);
  for (const value of ['one', 'two', 'three']) await write(store, value);
  assert.equal(await at(store, 1_025_000), 'two');
  await store.close();
  store = await openLmdbStore(options);
  try {
    assert.equal(await at(store, 1_025_000), 'two');
    assert.equal(await at(store, now_ms + 1), 'three');
    await assert.rejects(store.revisionAt(1_009_999), { code: 'COMPACTED', message: /it goes back to 1970-01-01T00:16:50\.000Z$/ });
    for (let count = 0; count < 10; count += 1) await write(store, `later ${count}`);
    await assert.rejects(store.revisionAt(1_025_000), { code: 'COMPACTED' });
    assert.equal(await at(store, now_ms - 60_000), 'later 3', 'the last minute is there');
  } finally {
    await store.close();
  }
});

test('lmdb: of a long lease is left after a restart what was left before it; a short one begins anew', async () => {
  const path = freshPath();
  const clock = new FakeClock();
  const pass = (ms: number) => clock.advance(ms, async () => {});
  let store = await openLmdbStore({ path, clock });
  const [long, short] = [await store.grantLease(3600), await store.grantLease(60)];
  await store.put('/long', Buffer.from('x'), { lease: long.id });
  await store.put('/short', Buffer.from('x'), { lease: short.id });
  await pass(40_000);
  const reopened = async () => {
    await store.close();
    await pass(1_000_000);
    store = await openLmdbStore({ path, clock });
  };
  await reopened();
  assert.deepEqual(
    [await store.lease(long.id), await store.lease(short.id)],
    [
      { id: long.id, ttl_s: 3600, left_s: 3560, keys: ['/long'] },
      { id: short.id, ttl_s: 60, left_s: 60, keys: ['/short'] },
    ],
  );
  await store.keepLeaseAlive(long.id);
  await pass(60_000);
  // Durable after what was ordered before it.
  await store.put('/free', Buffer.from('x'));
  assert.equal(await store.get('/short'), undefined);
  await reopened();
  assert.equal((await store.lease(long.id)).left_s, 3540);
  await assert.rejects(store.lease(short.id), { code: 'LEASE_NOT_FOUND' });
  const next = await store.grantLease(5);
  assert.ok(next.id > short.id, 'an id is given once');
  await pass(3_540_000);
  await store.put('/free', Buffer.from('x'));
  assert.equal((await store.range('')).count, 1);
  await store.close();
});

test('lmdb: what is left of a lease is written down every five minutes, so that kill -9 prolongs it by no more', async () => {
  const path = join(folder, 'leases.lmdb');
  const clock = new FakeClock();
  const store = await openLmdbStore({ path, clock });
  const { id } = await store.grantLease(3600);
  await store.put('/a', Buffer.from('x'), { lease: id });
  await clock.advance(1_000_000, async () => {});
  // A put resolves when it and what was written before it are durable.
  await store.put('/b', Buffer.from('x'));
  const copy = join(folder, 'leases-copy.lmdb');
  await copyFile(path, copy);
  const after = await openLmdbStore({ path: copy, clock });
  assert.deepEqual(await after.lease(id), { id, ttl_s: 3600, left_s: 2700, keys: ['/a'] });
  await after.close();
  await store.close();
});

test('lmdb: a file of an older format is of the present one once it was opened, so that an older program refuses it', async () => {
  const path = join(folder, 'older.lmdb');
  const versionIn = async (set?: number) => {
    const root = openLmdb({ path, maxDbs: 3 });
    const meta = root.openDB<string, string>('meta', { encoding: 'string' });
    // Written by the journal.
    const counters = JSON.parse(meta.get('counters') ?? '{}') as { formatVersion?: number };
    if (set !== undefined) await meta.put('counters', JSON.stringify({ ...counters, formatVersion: set }));
    await root.close();
    return counters.formatVersion;
  };
  await (await openLmdbStore({ path })).close();
  const present = await versionIn(2);
  const store = await openLmdbStore({ path });
  await store.close();
  assert.deepEqual([present, await versionIn(99)], [3, 3]);
  await assert.rejects(openLmdbStore({ path }), { code: 'NEWER_FORMAT' });
});
