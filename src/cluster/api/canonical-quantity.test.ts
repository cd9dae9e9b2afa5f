import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalQuantity, readQuantity } from './canonical-quantity.ts';
import { parseQuantity } from './quantity.ts';

test('a quantity is written in one way', () => {
  const rows: Readonly<Record<string, string>> = {
    '0': '0',
    '0Gi': '0',
    '0.0': '0',
    '0.5': '500m',
    '.5': '500m',
    '1.5': '1500m',
    '1.500': '1.500',
    '1000m': '1',
    '100m': '100m',
    '1500m': '1500m',
    '1000': '1k',
    '1500': '1500',
    '100000': '100k',
    '1e3': '1e3',
    '1e4': '10e3',
    '1000e0': '1e3',
    '01': '01',
    '1Ki': '1Ki',
    '1024Mi': '1Gi',
    '1000Mi': '1000Mi',
    '1536Mi': '1536Mi',
    '1.5Gi': '1536Mi',
    '0.5Ki': '512',
    '0.1Mi': '104857600m',
    '8Gi': '8Gi',
    '-1024Ki': '-1Mi',
    '-0.5': '-500m',
    '0.0000000001': '1n',
    '1n': '1n',
    '0.5Gi': '512Mi',
    '100E': '100E',
    '1000E': '1000E',
    '64Mi': '64Mi',
  };
  for (const [text, wanted] of Object.entries(rows)) assert.equal(canonicalQuantity(text), wanted, text);
  assert.deepEqual([readQuantity('1 Gi'), readQuantity('2048Ki')], [undefined, '2Mi']);
});

test('the canonical text says the same amount, and is its own canonical text', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-2');
  const number = fc
    .tuple(fc.integer({ min: -(10 ** 6), max: 10 ** 6 }), fc.nat(999))
    .map(([whole, part]) => (part % 3 === 0 ? `${whole}` : `${whole}.${part}`));
  fc.assert(
    fc.property(number, suffix, (digits, unit) => {
      const canonical = canonicalQuantity(`${digits}${unit}`);
      assert.equal(parseQuantity(canonical), parseQuantity(`${digits}${unit}`));
      assert.equal(canonicalQuantity(canonical), canonical);
    }),
  );
});
