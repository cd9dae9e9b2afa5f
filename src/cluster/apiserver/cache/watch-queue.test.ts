import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchQueue } from './watch-queue.ts';

test('a reader gets what came before it asked, and what comes while it waits', async () => {
  const queue = new WatchQueue<number>(10, () => {});
  queue.push(1);
  assert.deepEqual(await queue.next(), { value: 1, done: false });
  const waiting = queue.next();
  queue.push(2);
  assert.deepEqual(await waiting, { value: 2, done: false });
});
test('what waits is still read after the end', async () => {
  const queue = new WatchQueue<number>(10, () => {});
  queue.push(1);
  queue.end();
  queue.push(2);
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  assert.deepEqual(seen, [1]);
});
test('a reader that stalls past the bound loses, and its producer is told', async () => {
  let ended = 0;
  const queue = new WatchQueue<number>(2, () => (ended += 1));
  for (const item of [1, 2, 3, 4]) queue.push(item);
  assert.equal(ended, 1);
  assert.equal((await queue.next()).done, true);
});
test('what must come first does not count against the bound', async () => {
  const queue = new WatchQueue<number>(1, () => {});
  for (const item of [1, 2, 3]) queue.preload(item);
  queue.push(4);
  const seen = [await queue.next(), await queue.next(), await queue.next(), await queue.next()].map(({ value }) => value as number);
  assert.deepEqual(seen, [1, 2, 3, 4]);
});

/** Notes what it is given, and says that it is full where it is. */
const sinkOf = (seen: (number | 'done')[], hasRoom: () => boolean) => ({
  take(item: number) {
    seen.push(item);
    return hasRoom();
  },
  done: () => void seen.push('done'),
});
test('a sink gets what waits and what comes at once; what comes while it is full waits until it has room, in order', () => {
  const seen: (number | 'done')[] = [];
  let hasRoom = true;
  const queue = new WatchQueue<number>(10, () => {});
  queue.push(1);
  queue.flowTo(sinkOf(seen, () => hasRoom));
  queue.push(2);
  hasRoom = false;
  for (const item of [3, 4, 5]) queue.push(item);
  assert.deepEqual(seen, [1, 2, 3]);
  queue.resume();
  assert.deepEqual(seen, [1, 2, 3, 4]);
  hasRoom = true;
  queue.resume();
  queue.resume();
  queue.push(6);
  queue.end();
  queue.push(7);
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 'done']);
});
test('a sink is done when what waited at the end was taken; at once where it stalled past the bound', () => {
  const seen: (number | 'done')[] = [];
  const queue = new WatchQueue<number>(2, () => {});
  queue.flowTo(sinkOf(seen, () => false));
  queue.push(1);
  queue.push(2);
  queue.end();
  assert.deepEqual(seen, [1]);
  queue.resume();
  assert.deepEqual(seen, [1, 2, 'done']);
  const stalled: (number | 'done')[] = [];
  const lost = new WatchQueue<number>(2, () => {});
  lost.flowTo(sinkOf(stalled, () => false));
  for (const item of [1, 2, 3, 4, 5]) lost.push(item);
  assert.deepEqual(stalled, [1, 'done']);
});
