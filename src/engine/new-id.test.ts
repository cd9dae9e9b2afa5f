import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '#kit';
import { newContainerId } from './new-id.ts';

test('the name that a container has by its id is no number', () => {
  const drawn = ['123456789012'.padEnd(64, 'a'), '000000000000'.padEnd(64, '0'), '12345678901a'.padEnd(64, '0')];
  assert.equal(newContainerId({ ...systemRandom, hex: () => drawn.shift() ?? assert.fail() }), '12345678901a'.padEnd(64, '0'));
});
