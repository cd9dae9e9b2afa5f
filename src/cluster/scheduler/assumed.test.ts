import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import { AssumedPods } from './assumed.ts';

const pod = (uid: string): V1Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n', uid } });

test('a binding that fails late takes nothing from the Pod that has the name since', () => {
  const assumed = new AssumedPods();
  assumed.add('n/p', pod('first'), 'a');
  // It is deleted while it is bound, and another one comes.
  assert.equal(assumed.remove('n/p'), 'a');
  assumed.add('n/p', pod('second'), 'b');
  assert.equal(assumed.remove('n/p', 'first'), undefined);
  assert.deepEqual([assumed.has('n/p'), assumed.on('b').length], [true, 1]);
  assert.equal(assumed.remove('n/p', 'second'), 'b');
  assert.deepEqual([assumed.has('n/p'), assumed.on('b').length], [false, 0]);
});
