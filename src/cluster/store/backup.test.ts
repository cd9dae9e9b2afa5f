import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FakeClock } from '#kit';
import { backupOf, restoreLmdbStore } from './backup.ts';
import { openLmdbStore, openMemoryStore } from './open.ts';
import type { Store, StoredItem } from './types.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-backup-'));
after(() => rm(folder, { recursive: true, force: true }));
let stores = 0;
const freshPath = () => join(folder, `store-${stores++}.lmdb`);
const plain = (items: readonly StoredItem[]) => items.map(({ value, ...rest }) => ({ ...rest, value: Buffer.from(value).toString('hex') }));
const bytes = (text: string) => Buffer.from(text);

async function linesOf(store: Store): Promise<readonly string[]> {
  let text = '';
  for await (const piece of backupOf(store)) text += piece.toString();
  return text.trimEnd().split('\n');
}
async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
/** A few keys, of which some were changed and one is gone. */
async function filled(store: Store): Promise<void> {
  for (const key of ['/a', '/b', '/c', '/a']) await store.put(key, bytes(`${key}\n\0ÿ`));
  await store.delete('/b');
}

test('what was backed up stands there after restoring, and its revisions go on past all that were told', async () => {
  const path = freshPath();
  const before = await openLmdbStore({ path });
  await filled(before);
  const { items } = await before.range('');
  const backedUp = plain(items);
  const lines = await linesOf(before);
  await before.put('/later', bytes('x'));
  await before.put('/a', bytes('changed'));
  const told = await before.revision();
  await before.close();
  assert.deepEqual(await restoreLmdbStore(path, each(lines)), { keys: 2, revision: 5 });
  const restored = await openLmdbStore({ path });
  assert.deepEqual(plain((await restored.range('')).items), backedUp);
  await assert.rejects(
    restored.watch('', told, () => {}),
    { code: 'COMPACTED' },
  );
  await assert.rejects(restored.get('/a', told), { code: 'COMPACTED' });
  assert.ok((await restored.put('/a', bytes('2'), { expected: items[0]?.modRevision ?? 0 })).modRevision > told);
  await restored.close();
  const again = await openLmdbStore({ path });
  assert.equal(Buffer.from((await again.get('/a'))?.value ?? []).toString(), '2');
  await again.close();
});

test('a backup is of one revision, while writes go on', async () => {
  const store = await openMemoryStore();
  for (let index = 0; index < 2500; index++) await store.put(`/k/${String(index).padStart(5, '0')}`, bytes('old'));
  const lines: string[] = [];
  for await (const piece of backupOf(store)) {
    lines.push(...piece.toString().trimEnd().split('\n'));
    await store.put('/k/02400', bytes('new'));
    await store.put('/k/99999', bytes('new'));
    await store.delete('/k/02300');
  }
  const path = freshPath();
  assert.deepEqual(await restoreLmdbStore(path, each(lines)), { keys: 2500, revision: 2500 });
  const restored = await openLmdbStore({ path });
  const { items } = await restored.range('');
  assert.deepEqual(new Set(items.map(({ value }) => Buffer.from(value).toString())), new Set(['old']));
  await restored.close();
});

test('a backup that is not whole is refused, and what stands there stays', async () => {
  const path = freshPath();
  const store = await openLmdbStore({ path });
  await filled(store);
  const lines = await linesOf(store);
  await store.close();
  const refused = async (wrong: readonly string[], words: RegExp) => assert.rejects(restoreLmdbStore(path, each(wrong)), words);
  await refused([], /it is empty/);
  await refused(['hello'], /a line of it is no JSON/);
  await refused(['{"a":1}'], /it does not begin as one/);
  await refused(lines.slice(0, -1), /it was cut short/);
  await refused([...lines.slice(0, 1), ...lines.slice(2)], /its checksum does not fit/);
  await refused([...lines, lines[1] ?? ''], /something follows its checksum/);
  await refused([(lines[0] ?? '').replace('"formatVersion":2', '"formatVersion":3'), ...lines.slice(1)], /its format 3 is newer than this program's 2/);
  const again = await openLmdbStore({ path });
  assert.equal((await again.range('')).count, 2);
  assert.equal(await again.revision(), 5);
  await again.close();
});

test('keys that were written at one revision are restored, all of them', async () => {
  const store = await openMemoryStore();
  await store.transact(['/a', '/b', '/c'].map((key) => ({ key, value: bytes(key) })));
  const path = freshPath();
  assert.deepEqual(await restoreLmdbStore(path, each(await linesOf(store))), { keys: 3, revision: 1 });
  const restored = await openLmdbStore({ path });
  assert.deepEqual(plain((await restored.range('')).items), plain((await store.range('')).items));
  await restored.close();
});

test('a lease is restored with what was left of it, and its keys end with it', async () => {
  const path = freshPath();
  const clock = new FakeClock();
  const store = await openMemoryStore({ clock });
  const { id } = await store.grantLease(600);
  await store.put('/bound', bytes('x'), { lease: id });
  await store.put('/free', bytes('x'));
  await clock.advance(200_000, async () => {});
  assert.deepEqual(await restoreLmdbStore(path, each(await linesOf(store))), { keys: 2, revision: 2 });
  const restored = await openLmdbStore({ path, clock });
  assert.deepEqual(await restored.lease(id), { id, ttl_s: 600, left_s: 400, keys: ['/bound'] });
  await restored.revokeLease(id);
  assert.deepEqual(
    (await restored.range('')).items.map(({ key }) => key),
    ['/free'],
  );
  await restored.close();
  await store.close();
});
