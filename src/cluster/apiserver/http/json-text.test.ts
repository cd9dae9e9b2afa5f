import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countFields, jsonShape, repeatedFields } from './json-text.ts';

test('fields and depth are counted, whatever stands in strings', () => {
  const check = (text: string, fields: number, depth: number) => assert.deepEqual(jsonShape(Buffer.from(text)), { fields, depth }, text);
  check('{}', 0, 1);
  check('"a:{[\\":"', 0, 0);
  check('{"a":[{"b:":"\\\\"},{"c":"\\\\\\"}:"}]}', 3, 3);
  check('{"unended":"', 1, 1);
});
test('a text of parsed JSON has as many fields as the value, unless one is repeated', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const value: unknown = JSON.parse(text);
      const plain = JSON.stringify(value);
      assert.equal(jsonShape(Buffer.from(plain)).fields, countFields(value));
      assert.deepEqual(repeatedFields(plain), []);
    }),
  );
});
test('repeated fields are told by their paths', () => {
  const check = (text: string, expected: readonly string[]) => {
    assert.deepEqual(repeatedFields(text), expected, text);
    assert.equal(jsonShape(Buffer.from(text)).fields > countFields(JSON.parse(text)), expected.length > 0, text);
  };
  check('{"a":1,"b":{"a":1}}', []);
  check('{"a":1,"a":2}', ['a']);
  check('{"a":{"b":1,"b":2},"a":{"b":3}}', ['a.b', 'a']);
  check('{"spec":{"containers":[{"name":"x"},{"name":"y, [z]","name" : "z"}]}}', ['spec.containers[1].name']);
  check('{"a":1,"\\u0061":2}', ['a']);
  check('[[1,2],[{"a":1},{"a":[],"a":{}}]]', ['[1][1].a']);
});
