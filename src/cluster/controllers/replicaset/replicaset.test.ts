import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import { OwnWrites } from './own-writes.ts';
import { rankForDeletion } from './ranking.ts';
import { statusOf } from './reconcile.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
interface Is {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: string;
  readonly restarts?: number;
  readonly cost?: number;
  readonly born?: string;
  readonly ending?: boolean;
}
function pod(name: string, is: Is = {}): V1Pod {
  const { node = 'n', phase = 'Running', ready = '00:00', restarts = 0, cost, born = '00:00', ending } = is;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      creationTimestamp: `2026-01-01T${born}:00Z`,
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': String(cost) } }),
      ...(ending ? { deletionTimestamp: 'x' } : {}),
    },
    spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions: ready === '' ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: `2026-01-01T${ready}:00Z` }],
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
    },
  };
}

for (const [what, first, second] of [
  ['unscheduled before scheduled', { node: '' }, {}],
  ['pending before running', { phase: 'Pending' }, {}],
  ['not ready before ready', { ready: '' }, {}],
  ['cheaper before dearer', { cost: -1 }, {}],
  ['shorter ready before longer', { ready: '00:59' }, { ready: '00:00' }],
  ['restarted before not', { restarts: 2 }, {}],
  ['younger before older', { born: '00:59' }, { born: '00:00' }],
] as const) {
  test(`of two Pods goes ${what}`, () => {
    const [a, b] = [pod('a', first), pod('b', second)];
    assert.deepEqual(
      rankForDeletion([b, a], [a, b], NOW).map(({ metadata }) => metadata.name),
      ['a', 'b'],
    );
  });
}
test('a Pod that shares its node goes before one that stands alone', () => {
  const pods = [pod('alone', { node: 'm' }), pod('x'), pod('y')];
  assert.equal(rankForDeletion(pods, pods, NOW).at(-1)?.metadata.name, 'alone');
});

test('what was created counts until the cache shows it, and not after it went again', async () => {
  const own = new OwnWrites();
  await own.creating(
    'o',
    () => 0,
    async () => pod('a'),
  );
  assert.deepEqual(own.correct('o', [], 0), { pods: [pod('a')], lookAgain_ms: 30_000 });
  own.observed('o', 'a', 'there');
  assert.deepEqual(own.correct('o', [pod('a')], 0), { pods: [pod('a')] });
  await own.creating(
    'o',
    () => 0,
    async () => {
      own.observed('o', 'b', 'there');
      own.observed('o', 'b', 'gone');
      return pod('b');
    },
  );
  assert.deepEqual(own.correct('o', [], 0), { pods: [] });
  await own.creating(
    'o',
    () => 0,
    async () => pod('c'),
  );
  assert.deepEqual(own.correct('o', [], 30_000), { pods: [] }, 'its news never came');
});

test('what was told to end no longer counts', () => {
  const own = new OwnWrites();
  own.deleted('o', 'a', 0);
  assert.deepEqual(own.correct('o', [pod('a'), pod('b')], 0).pods, [pod('b')]);
  own.observed('o', 'a', 'ending');
  assert.deepEqual(own.correct('o', [pod('a', { ending: true })], 0), { pods: [pod('a', { ending: true })] });
});

test('a failure that repeats in other words changes nothing; another reason does', () => {
  const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'a', generation: 1 } };
  const after = (status: object | undefined, reason: string, message: string) =>
    statusOf(
      { replicaSet: { ...replicaSet, ...(status === undefined ? {} : { status: { replicas: 0, ...status } }) }, pods: [], related: [] },
      [],
      { reason, message },
      NOW,
    );
  const first = after(undefined, 'FailedCreate', 'one');
  assert.deepEqual(first.conditions, [
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'one', lastTransitionTime: '2026-01-01T01:00:00Z' },
  ]);
  assert.deepEqual(after(first, 'FailedCreate', 'two'), first);
  assert.equal(after(first, 'FailedDelete', 'two').conditions?.[0]?.message, 'two');
});
