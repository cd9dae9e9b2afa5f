import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from './parallel.ts';

test('so many tasks run at once, whoever brings them; a failure gives its place away', async () => {
  const lanes = new Lanes(2);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  let [running, most] = [0, 0];
  const began: number[] = [];
  const tasks = gates.map((gate, index) =>
    lanes.run(async () => {
      began.push(index);
      running += 1;
      most = Math.max(most, running);
      await gate.promise.finally(() => (running -= 1));
      return index;
    }),
  );
  const settled = Promise.allSettled(tasks);
  assert.deepEqual(began, [0, 1]);
  gates[1]?.reject(new Error('no'));
  await tasks[1]?.catch(() => undefined);
  await Promise.resolve();
  for (const gate of gates) gate.resolve();
  const results = await settled;
  assert.deepEqual([most, began], [2, [0, 1, 2, 3, 4]]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  assert.equal(await lanes.run(() => Promise.resolve('free again')), 'free again');
});
