import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Node, V1Pod, V1PodSpec } from '#cluster/api';
import { decide, messageOf } from './decide.ts';
import { requestsOf, viewOf } from './resources.ts';
import { normalize } from './scores.ts';
import type { ClusterView } from './types.ts';

const ZONE = 'topology.kubernetes.io/zone';
function node(
  name: string,
  more: { labels?: Record<string, string>; spec?: V1Node['spec']; cpu?: string; pods?: string; images?: { names: string[]; sizeBytes: number }[] } = {},
): V1Node {
  const { labels = {}, spec = {}, cpu = '4', pods = '110', images = [] } = more;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { name, ...labels } },
    spec,
    status: { allocatable: { cpu, memory: '8Gi', pods }, images },
  };
}
function pod(name: string, spec: Partial<V1PodSpec> = {}, cpu = '1'): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', labels: { app: 'x' } },
    spec: { containers: [{ name: 'c', image: 'app', resources: { requests: { cpu } } }], ...spec },
  };
}
const cluster = (...nodes: readonly (readonly [V1Node, ...V1Pod[]])[]): ClusterView => ({
  nodes: nodes.map(([one, ...pods]) => viewOf(one, pods)),
  namespaceLabels: () => ({}),
});
const labelSelector = { matchLabels: { app: 'x' } };
const anti = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'name', labelSelector }] } };
const together = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: ZONE, labelSelector }] } };
const port = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] };

for (const [what, given, of, message] of [
  ['too little cpu', pod('p', {}, '5'), cluster([node('a')], [node('b')]), '0/2 nodes are available: 2 Insufficient cpu.'],
  ['too little cpu beside others', pod('p', {}, '2'), cluster([node('a'), pod('o', {}, '3')]), '0/1 nodes are available: 1 Insufficient cpu.'],
  ['no more Pods', pod('p'), cluster([node('a', { pods: '1' }), pod('o')]), '0/1 nodes are available: 1 Too many pods.'],
  [
    'several reasons',
    pod('p', { nodeSelector: { disk: 'ssd' } }, '5'),
    cluster([node('a')], [node('b', { labels: { disk: 'ssd' } })]),
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.",
  ],
  ['a cordoned node', pod('p'), cluster([node('a', { spec: { unschedulable: true } })]), '0/1 nodes are available: 1 node(s) were unschedulable.'],
  [
    'a taint',
    pod('p'),
    cluster([node('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } })]),
    '0/1 nodes are available: 1 node(s) had untolerated taint(s).',
  ],
  [
    'a host port',
    pod('p', port),
    cluster([node('a'), pod('o', port)]),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  ],
  ['anti-affinity', pod('p', { affinity: anti }), cluster([node('a'), pod('o')]), "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."],
  [
    "another's anti-affinity",
    pod('p'),
    cluster([node('a'), pod('o', { affinity: anti })]),
    "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  ],
  ['affinity without the key', pod('p', { affinity: together }), cluster([node('a')]), "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."],
  ['no nodes', pod('p'), cluster(), 'no nodes available to schedule pods'],
] as const) {
  test(`a Pod has no place for ${what}`, () => {
    const verdict = decide(given, of, 0);
    assert.equal(verdict.kind === 'unschedulable' && verdict.message, message);
  });
}

for (const [what, given, of, expected] of [
  ['the emptier node', pod('p'), cluster([node('a'), pod('o')], [node('b')]), 'b'],
  ['the node that it selects', pod('p', { nodeSelector: { name: 'b' } }), cluster([node('a')], [node('b')]), 'b'],
  [
    'the tainted node that it tolerates',
    pod('p', { tolerations: [{ operator: 'Exists' }] }),
    cluster([node('a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })]),
    'a',
  ],
  [
    'where its kind is',
    pod('p', { affinity: together }),
    cluster([node('a', { labels: { [ZONE]: '1' } })], [node('b', { labels: { [ZONE]: '2' } }), pod('o')]),
    'b',
  ],
  ['anywhere as the first of its kind', pod('p', { affinity: together }), cluster([node('a', { labels: { [ZONE]: '1' } })]), 'a'],
  [
    'the zone that has fewer',
    pod('p', { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector }] }),
    cluster([node('a', { labels: { [ZONE]: '1' } }), pod('o')], [node('b', { labels: { [ZONE]: '2' }, cpu: '2' })]),
    'b',
  ],
  ['where its image is', pod('p'), cluster([node('a')], [node('b', { images: [{ names: ['app:latest'], sizeBytes: 5e8 }] })]), 'b'],
] as const) {
  test(`a Pod goes to ${what}`, () => {
    const verdict = decide(given, of, 0);
    assert.equal(verdict.kind === 'placed' ? verdict.node : verdict.message, expected);
  });
}

test('a Pod asks for its containers, or its biggest init container; sidecars come on top', () => {
  const container = (name: string, cpu: string, more: object = {}) => ({ name, resources: { requests: { cpu } }, ...more });
  const given = pod('p', {
    containers: [container('a', '100m'), container('b', '200m')],
    initContainers: [container('s', '50m', { restartPolicy: 'Always' }), container('i', '1')],
  });
  assert.equal(requestsOf(given).get('cpu'), 1050n);
});
test('equal figures are all full marks', () => {
  assert.deepEqual(normalize([3, 3], 'more is better'), [100, 100]);
  assert.deepEqual(normalize([1, 3], 'less is better'), [100, 0]);
});
test('reasons are counted and sorted', () => {
  assert.equal(messageOf(3, [{ reasons: ['x', 'y'] }, { reasons: ['x'] }]), '0/3 nodes are available: 1 y, 2 x.');
});

test('a Pod whose resources change holds the most of what it asks for, was granted and has; what can never be granted it holds not', () => {
  const given = (spec: string, granted: string, has: string, reason = 'Deferred'): V1Pod => ({
    ...pod('p', {}, spec),
    status: {
      conditions: [{ type: 'PodResizePending', status: 'True', reason }],
      containerStatuses: [
        { name: 'c', image: '', imageID: '', ready: true, restartCount: 0, resources: { requests: { cpu: has } }, allocatedResources: { cpu: granted } },
      ],
    },
  });
  const held = (...of: Parameters<typeof given>) => requestsOf(given(...of)).get('cpu');
  assert.deepEqual([held('1', '1', '1'), held('2', '1', '1'), held('1', '1', '3'), held('1', '2', '1')], [1000n, 2000n, 3000n, 2000n]);
  assert.equal(held('9', '1', '2', 'Infeasible'), 2000n);
});
