import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gathered } from './gather.ts';

test('gathered pieces are the same bytes, and few', () => {
  const sizes = fc.array(fc.oneof(fc.nat(600), fc.nat(600_000)), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (all) => {
      const pieces = all.map((size, index) => Buffer.alloc(size, index));
      const made = [...gathered(pieces)];
      assert.ok(Buffer.concat(made).equals(Buffer.concat(pieces)));
      assert.ok(made.every(({ length }) => length > 0));
    }),
    { numRuns: 50 },
  );
  assert.equal([...gathered(Array.from({ length: 1_000 }, () => Buffer.alloc(512)))].length, 2);
});
