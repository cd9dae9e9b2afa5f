import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Journal, memoryJournal } from './journal.ts';
import { JournaledStore } from './journaled-store.ts';

const bytes = (text: string) => Buffer.from(text);
const failed = { code: 'STORE_FAILED' };

/** A journal whose appends end when the test says so. */
function heldJournal(): { readonly journal: Journal; readonly appends: PromiseWithResolvers<void>[] } {
  const appends: PromiseWithResolvers<void>[] = [];
  const append = () => {
    const held = Promise.withResolvers<void>();
    appends.push(held);
    return held.promise;
  };
  return { journal: { ...memoryJournal(), append }, appends };
}

test('a commit that fails refuses it and all that was ordered after it, and nothing before', async () => {
  const { journal, appends } = heldJournal();
  const store = await JournaledStore.open(journal);
  const writes = ['/first', '/second', '/third'].map((key) => store.put(key, bytes('x')));
  const outcomes = Promise.allSettled(writes);
  appends[2]?.resolve();
  appends[1]?.reject(new Error('EIO'));
  await assert.rejects(async () => writes[1], failed);
  appends[0]?.resolve();
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  await assert.rejects(store.put('/later', bytes('x')), failed);
  await assert.rejects(store.get('/first'), failed);
});

test('a watcher sees nothing of a write that is not durable yet, nor of one that failed', async () => {
  const { journal, appends } = heldJournal();
  const store = await JournaledStore.open(journal);
  const seen: number[] = [];
  await store.watch('', 0, (events) => seen.push(events.length));
  const writes = Promise.allSettled([store.put('/a', bytes('1')), store.put('/b', bytes('2'))]);
  appends[1]?.resolve();
  await Promise.resolve();
  assert.deepEqual(seen, []);
  appends[0]?.reject(new Error('EIO'));
  await writes;
  assert.deepEqual(seen, []);
});

test('a watch that is opened while events are told tells each of them once', async () => {
  const store = await JournaledStore.open(memoryJournal());
  const inner: number[] = [];
  let opened = false;
  await store.watch('', 0, () => {
    if (opened) return;
    opened = true;
    void store.watch('', 0, (events) => inner.push(...events.map((event) => (event.type === 'put' ? event.item.modRevision : event.revision))));
  });
  await store.put('/a', bytes('1'));
  await store.put('/a', bytes('2'));
  assert.deepEqual(inner, [1, 2]);
});

test('a watcher that throws harms neither the writer nor other watchers, and is heard of', async () => {
  const faults: unknown[] = [];
  const store = await JournaledStore.open(memoryJournal(), { onWatcherError: (error) => faults.push(error) });
  const fault = new Error('a mistake of the watcher');
  const seen: number[] = [];
  await store.watch('', 0, () => {
    throw fault;
  });
  await store.watch('', 0, (events) => seen.push(events.length));
  await store.put('/a', bytes('1'));
  assert.deepEqual([faults, seen], [[fault], [1]]);
});

test('a watch from a revision to come begins after it', async () => {
  const store = await JournaledStore.open(memoryJournal());
  const seen: string[] = [];
  await store.watch('', 2, (events) => seen.push(...events.map((event) => (event.type === 'put' ? event.item.key : event.key))));
  for (const key of ['/1', '/2', '/3']) await store.put(key, bytes('x'));
  assert.deepEqual(seen, ['/3']);
});

test('a journal that can not be read is closed again', async () => {
  let closed = false;
  const journal: Journal = { ...memoryJournal(), load: async () => Promise.reject(new Error('EIO')), close: async () => void (closed = true) };
  await assert.rejects(JournaledStore.open(journal), /EIO/);
  assert.equal(closed, true);
});
