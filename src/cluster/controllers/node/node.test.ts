import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Node, V1Pod, V1Taint, V1Toleration } from '#cluster/api';
import { evictionDelay_ms } from './eviction.ts';
import { garbagePods } from './pod-garbage.ts';
import { silentConditions, taintsOf } from './taints.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const node = (ready: string, spec: V1Node['spec'] = {}): V1Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  spec,
  status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: 'h' }] },
});
const words = (taints: readonly V1Taint[]) => taints.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);

for (const [what, given, expected] of [
  ['ready', node('True'), []],
  ['not ready', node('False'), ['not-ready:NoSchedule', 'not-ready:NoExecute']],
  ['silent', node('Unknown'), ['unreachable:NoSchedule', 'unreachable:NoExecute']],
  ['cordoned', node('True', { unschedulable: true }), ['unschedulable:NoSchedule']],
  [
    'ready again',
    node('True', {
      taints: [
        { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
        { key: 'mine', effect: 'NoSchedule' },
      ],
    }),
    ['mine:NoSchedule'],
  ],
] as const) {
  test(`the taints of a node that is ${what}`, () => assert.deepEqual(words(taintsOf(given, NOW)), expected));
}

test('a silent node is unknown in all that its agent told, and its last heartbeat stays', () => {
  const conditions = silentConditions(node('True'), NOW);
  assert.deepEqual(
    conditions.map(({ type, status }) => `${type} ${status}`),
    ['Ready Unknown', 'MemoryPressure Unknown', 'DiskPressure Unknown', 'PIDPressure Unknown'],
  );
  assert.equal(conditions[0]?.lastHeartbeatTime, 'h');
  assert.deepEqual(silentConditions({ ...node('True'), status: { conditions } }, NOW + 5000), conditions, 'said once');
});

const pod = (name: string, more: Partial<V1Pod> & { tolerations?: V1Toleration[]; on?: string } = {}): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...more.metadata },
  spec: { containers: [], tolerations: more.tolerations ?? [], ...(more.on === undefined ? {} : { nodeName: more.on }) },
  ...(more.status === undefined ? {} : { status: more.status }),
});
const tainted = node('Unknown', { taints: [{ key: 'gone', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:30Z' }] });
for (const [what, tolerations, expected] of [
  ['tolerates nothing', [], 0],
  ['tolerates it for ever', [{ key: 'gone', operator: 'Exists' }], undefined],
  ['tolerates it for a minute', [{ key: 'gone', operator: 'Exists', tolerationSeconds: 60 }], 30_000],
  ['tolerated it for long enough', [{ key: 'gone', operator: 'Exists', tolerationSeconds: 5 }], 0],
] as const) {
  test(`a Pod that ${what} leaves its node`, () => assert.equal(evictionDelay_ms(pod('p', { tolerations: [...tolerations] }), tainted, NOW), expected));
}

test('Pods that nobody looks after', () => {
  const ended = (name: string, created: string) => pod(name, { on: 'n', metadata: { name, creationTimestamp: created }, status: { phase: 'Succeeded' } });
  const pods = [
    pod('lost', { on: 'gone' }),
    pod('kept', { on: 'n' }),
    pod('unplaced', { metadata: { name: 'unplaced', deletionTimestamp: 'x' } }),
    ended('newer', '2'),
    ended('older', '1'),
  ];
  const { orphaned, others } = garbagePods(pods, new Set(['n']), 1);
  assert.deepEqual(
    [orphaned, others].map((list) => list.map(({ metadata }) => metadata.name)),
    [['lost'], ['unplaced', 'older']],
  );
});
