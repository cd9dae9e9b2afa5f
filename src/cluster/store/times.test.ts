import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Times } from './times.ts';

test('a moment is the last revision before it', () => {
  const times = new Times();
  for (const [revision, time_ms] of [
    [1, 1000],
    [2, 2000],
    [2, 2500],
    [5, 1500],
    [6, 3000],
  ] as const)
    times.add(revision, time_ms);
  assert.deepEqual(
    [999, 1000, 1999, 2000, 2999, 3000, 9999].map((time_ms) => times.at(time_ms)),
    [undefined, 1, 1, 5, 5, 6, 6],
    'what was written after the clock was set back counts as of the last known moment',
  );
  times.forgetBefore(5);
  assert.deepEqual(times.oldest, { revision: 5, time_ms: 2000 });
  assert.deepEqual([times.at(1999), times.at(2000)], [undefined, 5]);
});
