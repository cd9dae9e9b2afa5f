import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '#kit';
import { backOff_ms, retryAfter_ms } from './delays.ts';

const chance = (fraction: number): Random => ({ bytes: (count) => new Uint8Array(count), hex: (length) => '0'.repeat(length), fraction: () => fraction });

test('each failure doubles the wait, the half of it by chance, up to a bound', () => {
  assert.deepEqual(
    [1, 2, 3].map((failures) => backOff_ms(failures, chance(0))),
    [125, 250, 500],
  );
  assert.deepEqual(
    [1, 2, 3, 30].map((failures) => backOff_ms(failures, chance(1))),
    [250, 500, 1_000, 10_000],
  );
});

test('Retry-After is seconds or a date', () => {
  const now_ms = Date.parse('2026-01-01T00:00:00Z');
  const check = (header: string | undefined, expected: number | undefined) => assert.equal(retryAfter_ms(header, now_ms), expected, header);
  check(undefined, undefined);
  check('3', 3_000);
  check('Thu, 01 Jan 2026 00:00:07 GMT', 7_000);
  check('Wed, 31 Dec 2025 00:00:00 GMT', 0);
  check('soon', undefined);
});
