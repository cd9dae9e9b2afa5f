import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitString, element, elements, integer, objectIdentifier, sequence, TAG, time } from './der.ts';

const check = (actual: Buffer, expected: string) => assert.equal(actual.toString('hex'), expected.replaceAll(' ', ''));

test('numbers, identifiers, bits and times as X.690 writes them', () => {
  check(integer(Buffer.from('00', 'hex')), '02 01 00');
  check(integer(Buffer.from('0000ff', 'hex')), '02 02 00ff');
  check(integer(Buffer.from('7f', 'hex')), '02 01 7f');
  check(objectIdentifier('1.2.840.10045.4.3.2'), '06 08 2a8648ce3d040302');
  check(objectIdentifier('2.5.29.17'), '06 03 551d11');
  check(bitString(Buffer.from('80', 'hex'), 7), '03 02 07 80');
  check(time(new Date('2049-12-31T23:59:59Z')), `17 0d ${Buffer.from('491231235959Z').toString('hex')}`);
  check(time(new Date('2050-01-01T00:00:00Z')), `18 0f ${Buffer.from('20500101000000Z').toString('hex')}`);
  check(sequence(), '30 00');
});

test('what is written is read back, whatever its length', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 65_500, maxLength: 66_000 })), { maxLength: 4 }), (parts) => {
      const written = Buffer.concat(parts.map((part) => element(TAG.octetString, part)));
      assert.deepEqual(
        elements(written).map(({ tag, content }) => [tag, Buffer.from(content)]),
        parts.map((part) => [TAG.octetString, Buffer.from(part)]),
      );
    }),
    { numRuns: 30 },
  );
});
