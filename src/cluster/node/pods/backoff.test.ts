import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type BackoffEntry, notBefore, raise, SLOW } from './backoff.ts';

suite('back-off', () => {
  test('10 s, 20 s, 40 s … 5 min', () => {
    let entry: BackoffEntry | undefined;
    const delays = Array.from({ length: 7 }, (_, index) => (entry = raise(entry, index * 1000, SLOW)).delay_ms / 1000);
    assert.deepEqual(delays, [10, 20, 40, 80, 160, 300, 300]);
  });

  test('the first try waits for nothing', () => assert.equal(notBefore(undefined, 42, SLOW), 42));

  test('whatever fails whenever: waits lie between the first and the longest, never shrink but after a long peace, and end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 1, maxLength: 40 }), (gaps_ms) => {
        let entry: BackoffEntry | undefined;
        let now_ms = 0;
        for (const gap_ms of gaps_ms) {
          now_ms += gap_ms;
          const before = entry;
          entry = raise(entry, now_ms, SLOW);
          assert.ok(entry.delay_ms >= SLOW.first_ms && entry.delay_ms <= SLOW.longest_ms);
          if (before !== undefined && now_ms - before.at_ms <= 600_000) assert.ok(entry.delay_ms >= before.delay_ms);
          else assert.equal(entry.delay_ms, SLOW.first_ms);
          const due_ms = notBefore(entry, now_ms, SLOW);
          assert.ok(due_ms >= now_ms && due_ms <= now_ms + SLOW.longest_ms);
        }
      }),
    );
  });
});
