import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatQuantity, parseQuantity } from './quantity.ts';

test('quantities are read as Kubernetes reads them', () => {
  const check = (text: string, milli: bigint) => assert.equal(parseQuantity(text), milli, text);
  check('1', 1_000n);
  check('100m', 100n);
  check('0.5', 500n);
  check('.5', 500n);
  check('1Ki', 1_024_000n);
  check('1.5Gi', 1_610_612_736_000n);
  check('2e3', 2_000_000n);
  check('1E', 1_000_000_000_000_000_000_000n);
  check('1n', 1n);
  check('-3', -3_000n);
  assert.throws(() => parseQuantity('1 Gi'), /unable to parse quantity/);
  assert.throws(() => parseQuantity(''), /unable to parse quantity/);
});

test('a quantity that is written is read as what it was', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.boolean(), (milli, binary) =>
      assert.equal(parseQuantity(formatQuantity(milli, { binary })), milli),
    ),
  );
  assert.equal(formatQuantity(parseQuantity('65536Ki'), { binary: true }), '64Mi');
});
