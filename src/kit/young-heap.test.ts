import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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

/** Of a process of its own, whose flags nobody else sets; between its objects the one who watches over the space has its turn. */
function megabytesOf(beginning: string): number {
  const program = `
    import { setImmediate } from 'node:timers/promises';
    import { getHeapSpaceStatistics } from 'node:v8';
    import { boundYoungHeap } from ${JSON.stringify(import.meta.resolve('./young-heap.ts'))};
    ${beginning}
    const kept = [];
    for (let round = 0; round < 200; round += 1) {
      for (let index = 0; index < 4000; index += 1) kept.push({ round, of: [index] });
      await setImmediate();
    }
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    console.log(kept.length > 0 && space_size / 2 ** 20);
  `;
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program], { encoding: 'utf8' });
  return Number(stdout);
}

test('the space for new objects grows no further than it is bound to', () => {
  const [bound, free] = [megabytesOf('boundYoungHeap(4 * 2 ** 20);'), megabytesOf('')];
  assert.ok(bound > 0 && bound <= 8, `${bound} MB where it is bound to 4`);
  assert.ok(free > 2 * bound, `${free} MB where nothing binds it`);
});
