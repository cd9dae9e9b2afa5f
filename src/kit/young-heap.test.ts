import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { holdYoungHeap } from './young-heap.ts';

/** On a heap of its own, which nothing has grown yet: makes what survives, and tells the bytes of the new space. */
const PROGRAM = `
const kept = Array.from({ length: 400_000 }, (_, i) => ({ i, of: [i] }));
const { space_size } = require('node:v8').getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
require('node:worker_threads').parentPort.postMessage(kept.length > 0 ? space_size / 2 ** 20 : undefined);
`;

async function megabytesAfterLoad(): Promise<number> {
  const worker = new Worker(PROGRAM, { eval: true });
  // The program sends one number.
  const [[size]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[number], unknown];
  return size;
}

test('the space for new objects stays small until it is released, and grows then', async () => {
  const free = await megabytesAfterLoad();
  const release = holdYoungHeap();
  const held = await megabytesAfterLoad().finally(release);
  const after = await megabytesAfterLoad();
  assert.ok(held <= 4, `${held} MB while held`);
  assert.ok(free > 2 * held, `${free} MB when never held`);
  assert.ok(after > 2 * held, `${after} MB after the release`);
});
