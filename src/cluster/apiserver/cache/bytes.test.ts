import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import { bytesOf, deepFreeze, rememberWritten, storedText } from './bytes.ts';

const object: KubeObject & { data: object } = { kind: 'ConfigMap', apiVersion: 'v1', data: { metadata: 'ü' }, metadata: { name: 'a', resourceVersion: '7' } };
const readBack = (value: object) => JSON.parse(bytesOf(value).toString()) as unknown;

test('an object is told in the bytes that the store holds, with the revision that only the store knows', () => {
  const value = storedText(object);
  assert.ok(!value.toString().includes('resourceVersion'));
  const stored = deepFreeze({ ...object, metadata: { name: 'a', resourceVersion: '12' } });
  rememberWritten(stored, value, 12);
  assert.deepEqual(readBack(stored), stored);
});

test('one that was written with its fields in another order, or without metadata, is told too', () => {
  for (const text of ['{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}']) {
    const parsed = JSON.parse(text) as KubeObject; // as written here
    const stored = deepFreeze({ ...parsed, metadata: { ...parsed.metadata, resourceVersion: '3' } });
    rememberWritten(stored, Buffer.from(text), 3);
    assert.deepEqual(readBack(stored), stored);
  }
});
