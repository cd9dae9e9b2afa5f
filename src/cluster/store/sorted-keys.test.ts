import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedKeys } from './sorted-keys.ts';

test('keys come in order from wherever one begins, whichever came and went before', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 3000 }).map((number) => String(number).padStart(4, '0')), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4000, minLength: 2000 }), fc.integer({ min: 0, max: 3000 }), (steps, from) => {
      const [keys, model] = [new SortedKeys(), new Set<string>()];
      for (const { key, isAdded } of steps) {
        if (!isAdded) {
          keys.remove(key);
          model.delete(key);
        } else if (!model.has(key)) {
          keys.add(key);
          model.add(key);
        }
      }
      const first = String(from).padStart(4, '0');
      const expected = [...model].filter((key) => key >= first).toSorted((a, b) => (a < b ? -1 : 1));
      assert.deepEqual([...keys.from(first)], expected);
    }),
    { numRuns: 20 },
  );
});

test('ten thousand keys in whatever order, and none when all are gone', () => {
  const keys = new SortedKeys();
  const all = Array.from({ length: 10_000 }, (_, index) => String((index * 7919) % 10_000).padStart(5, '0'));
  for (const key of all) keys.add(key);
  assert.deepEqual([...keys.from('')], all.toSorted());
  for (const key of all) keys.remove(key);
  assert.deepEqual([...keys.from('')], []);
  keys.add('again');
  assert.deepEqual([...keys.from('a')], ['again']);
});
