import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import { decideDependent, duty, type OwnerState } from './decide.ts';

const owned = (...uids: readonly string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ownerReferences: uids.map((uid) => ({ apiVersion: 'v1', kind: 'X', name: uid, uid })) },
});

for (const [what, states, hasDependents, expected] of [
  ['an owner that is there', { a: 'there' }, false, undefined],
  ['an owner that is gone', { a: 'absent' }, false, { type: 'delete', policy: 'Background' }],
  ['an owner of a kind nobody serves', { a: 'unknown' }, false, undefined],
  ['one of two owners gone', { a: 'absent', b: 'there' }, false, { type: 'forget-owners', uids: ['a'] }],
  ['an owner that waits', { a: 'waiting' }, false, { type: 'delete', policy: 'Background' }],
  ['an owner that waits, and things of its own', { a: 'waiting' }, true, { type: 'delete', policy: 'Foreground' }],
] as const) {
  test(`an object with ${what}`, () => {
    assert.deepEqual(decideDependent(owned(...Object.keys(states)), new Map<string, OwnerState>(Object.entries(states)), hasDependents), expected);
  });
}
test('only what is being deleted has a duty to what it owns', () => {
  const object = (metadata: object): KubeObject => ({ apiVersion: 'v1', kind: 'X', metadata });
  assert.equal(duty(object({ finalizers: ['orphan'] })), undefined);
  assert.equal(duty(object({ finalizers: ['orphan'], deletionTimestamp: 'x' })), 'orphan');
  assert.equal(duty(object({ finalizers: ['foregroundDeletion'], deletionTimestamp: 'x' })), 'foreground');
});
