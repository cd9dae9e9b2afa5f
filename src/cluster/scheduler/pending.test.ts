import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import { PendingPods } from './pending.ts';

function pod(name: string, { priority = 0, created = '2026-01-01T00:00:00Z' } = {}): V1Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, creationTimestamp: created }, spec: { containers: [], priority } };
}
function taken(pending: PendingPods): string[] {
  const names: string[] = [];
  for (let next = pending.take(); next !== undefined; next = pending.take()) names.push(next.key);
  return names;
}

test('higher priority goes first, then the older, then who came first', () => {
  const pending = new PendingPods();
  const offered = { c: pod('c'), late: pod('late', { created: '2026-01-02T00:00:00Z' }), b: pod('b'), urgent: pod('urgent', { priority: 7 }), a: pod('a') };
  for (const [key, one] of Object.entries(offered)) pending.offer(key, one);
  assert.deepEqual(taken(pending), ['urgent', 'c', 'b', 'a', 'late']);
  assert.equal(pending.size, 0);
});

test('what changed while it waited is handed out once, as it is now and in its place; what went is not', () => {
  const pending = new PendingPods();
  for (const key of ['a', 'gone', 'b', 'c']) pending.offer(key, pod(key));
  pending.remove('gone');
  pending.offer('a', pod('a'));
  pending.offer('c', pod('c', { priority: 1 }));
  assert.equal(pending.size, 3);
  assert.deepEqual(taken(pending), ['c', 'a', 'b']);
});

test('a parked one waits until something changes', () => {
  const pending = new PendingPods();
  pending.park('a', pod('a'));
  assert.equal(pending.take(), undefined);
  assert.equal(pending.retryParked(), true);
  assert.equal(pending.retryParked(), false);
  assert.deepEqual(taken(pending), ['a']);
});
