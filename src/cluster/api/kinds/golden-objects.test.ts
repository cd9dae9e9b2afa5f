import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createErrors, GOLDEN, updateErrors } from './testkit/rules.ts';

for (const [key, object] of GOLDEN) {
  test(`the golden object of ${key} breaks no rule, also when it is written once more`, () => {
    assert.deepEqual(createErrors(object), []);
    assert.deepEqual(updateErrors(object, object), []);
  });
}
