import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor } from './decode.ts';
import { encodeCbor } from './encode.ts';

const decode = (hex: string) => decodeCbor(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('the examples of RFC 8949, appendix A, are read', () => {
  const check = (hex: string, expected: unknown) => assert.deepEqual(decode(hex).value, expected, hex);
  check('00', 0);
  check('1818', 24);
  check('1a000f4240', 1_000_000);
  check('1b000000e8d4a51000', 1_000_000_000_000);
  check('20', -1);
  check('3903e7', -1000);
  check('f90000', 0);
  check('f93c00', 1);
  check('fb3ff199999999999a', 1.1);
  check('f97bff', 65504);
  check('fa47c35000', 100000);
  check('f90001', 5.960464477539063e-8);
  check('f9c400', -4);
  check('f4', false);
  check('f6', null);
  check('6161', 'a');
  check('62c3bc', 'ü');
  check('4161', 'a');
  check('83010203', [1, 2, 3]);
  check('a26161016162820203', { a: 1, b: [2, 3] });
  check('9f018202039f0405ffff', [1, [2, 3], [4, 5]]);
  check('7f657374726561646d696e67ff', 'streaming');
  check('bf61610161629f0203ffff', { a: 1, b: [2, 3] });
  check('d9d9f7a0', {});
  check('d64401020304', 'AQIDBA==');
  check('c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z');
});
test('what is ill-formed or no value of JSON is refused', () => {
  const check = (hex: string, words: RegExp) => assert.throws(() => decode(hex), words, hex);
  check('', /unexpected end/);
  check('18', /unexpected end/);
  check('6161 00', /bytes behind the item/);
  check('9affffffff', /do not fit/);
  check('c249010000000000000000', /more than 64 bits/);
  check('1bffffffffffffffff', /more than 63 bits/);
  check('f97e00', /no number/);
  check('f97c00', /no number/);
  check('f7', /none of JSON/);
  check('ff', /nothing to end/);
  check('a10102', /no text/);
  check('62ffff', /not UTF-8/);
  check('7f4161ff', /piece of a string/);
  check('1c', /ill-formed/);
  check('81'.repeat(2000), /exceeded max depth/);
});
test('fields that stand twice are told', () => {
  assert.deepEqual(decode('a1 6161 a2 6162 01 4162 02'), { value: { a: { b: 2 } }, repeated: ['a.b'] });
});
test('what is written is read as it was, and texts are byte strings', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(decodeCbor(encodeCbor(plain)).value, plain);
    }),
  );
  assert.equal(encodeCbor({ a: 'b', c: undefined }).toString('hex'), 'd9d9f7a141614162');
  assert.equal(encodeCbor([300, -1, 70000, 2 ** 40, 0.5]).toString('hex'), 'd9d9f78519012c201a000111701b0000010000000000fb3fe0000000000000');
});
test('bytes at random are read or refused, never more than that', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeCbor(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
