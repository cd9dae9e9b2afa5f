import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CacheEntry, chooseDoomed } from './choose.ts';

const entry = (key: string, used_ms: number, more: Partial<Omit<CacheEntry, 'record'>> & { bytes?: number } = {}): CacheEntry => ({
  record: { version: 2, key, what: key, bytes: more.bytes ?? 10, created_ms: 0, used_ms, uses: 1, kind: 'layer' },
  inUse: more.inUse ?? false,
  shared: more.shared ?? false,
});
const chosen = (entries: readonly CacheEntry[], request: Parameters<typeof chooseDoomed>[1]) => chooseDoomed(entries, request).map(({ key }) => key);
const ENTRIES = [entry('new', 30), entry('old', 10), entry('used', 20, { inUse: true }), entry('shared', 5, { shared: true })];

for (const [what, request, expected] of [
  ['all', { all: true }, ['shared', 'old', 'new']],
  ['not what images have', { all: false }, ['old', 'new']],
  ['what was not used since', { all: true, until_ms: 10 }, ['shared', 'old']],
  ['as much as is over the bound', { all: true, keep_bytes: 20 }, ['shared', 'old']],
  ['nothing within the bound', { all: true, keep_bytes: 40 }, []],
  ['what fits', { all: true, fits: ({ record }: CacheEntry) => record.key === 'new' }, ['new']],
] as const)
  test(`a prune takes ${what}, the least lately used first`, () => assert.deepEqual(chosen(ENTRIES, request), expected));

test('what is in use never goes, and what stays is within the bound where that can be', () => {
  const some = fc.array(fc.record({ used_ms: fc.nat(100), bytes: fc.nat(50), inUse: fc.boolean(), shared: fc.boolean() }), { maxLength: 20 });
  fc.assert(
    fc.property(some, fc.nat(300), (list, keep_bytes) => {
      const entries = list.map(({ used_ms, ...more }, index) => entry(String(index), used_ms, more));
      const doomed = new Set(chosen(entries, { all: true, keep_bytes }));
      const left = entries.filter(({ record }) => !doomed.has(record.key));
      assert.ok(entries.every(({ inUse, record }) => !inUse || !doomed.has(record.key)));
      const bytes = left.reduce((sum, { record }) => sum + record.bytes, 0);
      assert.ok(bytes <= keep_bytes || left.every(({ inUse }) => inUse));
    }),
  );
});
