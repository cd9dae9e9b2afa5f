import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Node, V1Pod, V1PodSpec } from '#cluster/api';
import { decide } from './decide.ts';
import { explainPlaces } from './explain.ts';
import { viewOf } from './resources.ts';

const labelSelector = { matchLabels: { app: 'x' } };
const node = (name: string, more: Partial<V1Node['spec']> & { labels?: Record<string, string>; pods?: string } = {}): V1Node => {
  const { labels = {}, pods = '110', ...spec } = more;
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec, status: { allocatable: { cpu: '4', memory: '8Gi', pods } } };
};
const pod = (name: string, spec: Partial<V1PodSpec> = {}, requests: Record<string, string> = { cpu: '1' }): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels: { app: 'x' } },
  spec: {
    containers: [{ name: 'c', image: 'app', resources: { requests }, ...(spec.containers?.[0] ?? {}) }],
    ...spec,
    ...(spec.containers && { containers: spec.containers }),
  },
});
const port = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] };
const term = { topologyKey: 'zone', labelSelector };
const zoned = node('a', { labels: { zone: '1' } });

for (const [what, given, nodes, others, expected] of [
  [
    'cpu',
    pod('p', {}, { cpu: '3', memory: '9Gi' }),
    [node('a')],
    [pod('o', { nodeName: 'a' }, { cpu: '1500m' })],
    ['InsufficientResource resource=cpu requested=3 free=2500m allocatable=4', 'InsufficientResource resource=memory requested=9Gi free=8Gi allocatable=8Gi'],
  ],
  ['too many Pods', pod('p'), [node('a', { pods: '1' })], [pod('o', { nodeName: 'a' })], ['TooManyPods pods=1 allocatable=1']],
  [
    'each taint, and a cordon',
    pod('p'),
    [
      node('a', {
        unschedulable: true,
        taints: [
          { key: 'k', value: 'v', effect: 'NoSchedule' },
          { key: 'l', effect: 'NoExecute' },
        ],
      }),
    ],
    [],
    ['NodeUnschedulable ', 'UntoleratedTaint key=k value=v effect=NoSchedule', 'UntoleratedTaint key=l value= effect=NoExecute'],
  ],
  [
    'labels',
    pod('p', {
      nodeSelector: { disk: 'ssd' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['1', '2'] }] }] },
        },
      },
    }),
    [node('a', { labels: { disk: 'hdd' } })],
    [],
    ['NodeSelector label=disk wanted=ssd found=hdd', 'NodeAffinity wanted=zone In 1,2'],
  ],
  ['a port', pod('p', port), [node('a')], [pod('o', { ...port, nodeName: 'a' })], ['PortTaken port=80 protocol=TCP pod=o']],
  [
    'a port of a Pod elsewhere, which is not named',
    pod('p', port),
    [node('a')],
    [{ ...pod('o', { ...port, nodeName: 'a' }), metadata: { name: 'o', namespace: 'other' } }],
    ['PortTaken port=80 protocol=TCP'],
  ],
  [
    'spread',
    pod('p', { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector }] }),
    [zoned, node('b', { labels: { zone: '2' }, unschedulable: true }), node('c')],
    [pod('o', { nodeName: 'a' })],
    ['TopologySpread topologyKey=zone domain=1 here=1 least=0 maxSkew=1', 'NodeUnschedulable ', 'MissingTopologyLabel topologyKey=zone'],
  ],
  [
    'affinity',
    pod('p', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }),
    [node('a')],
    [],
    ['PodAffinity topologyKeys=zone'],
  ],
  [
    'anti-affinity',
    pod('p', { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }),
    [zoned],
    [pod('o', { nodeName: 'a' })],
    ['PodAntiAffinity topologyKeys=zone'],
  ],
  [
    'the anti-affinity of others',
    pod('p'),
    [zoned],
    [pod('o', { nodeName: 'a', affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } })],
    ['RepelledByOthers '],
  ],
] as const)
  test(`what keeps a Pod off a node: ${what}`, () => {
    const around = { nodes, pods: others, namespaceLabels: () => ({}) };
    const { message, nodes: told } = explainPlaces(given, around);
    assert.deepEqual(
      told.flatMap(({ reasons }) =>
        reasons.map(
          ({ code, values }) =>
            `${code} ${Object.entries(values)
              .map(([key, value]) => `${key}=${value}`)
              .join(' ')}`,
        ),
      ),
      expected,
    );
    for (const reason of told.flatMap(({ reasons }) => reasons)) assert.ok(reason.advice.length > 10 && reason.message.length > 10, reason.code);
    const views = nodes.map((one) =>
      viewOf(
        one,
        others.filter(({ spec }) => spec?.nodeName === one.metadata.name),
      ),
    );
    const verdict = decide(given, { nodes: views, namespaceLabels: () => ({}) }, 0);
    assert.equal(verdict.kind === 'unschedulable' && verdict.message, message, 'the words are those of the condition');
  });

test('a node that would take it says so, and there is no message then; what has ended takes no room', () => {
  const ended: V1Pod = { ...pod('o', { nodeName: 'a' }, { cpu: '4' }), status: { phase: 'Succeeded' } };
  const told = explainPlaces(pod('p'), { nodes: [node('a'), node('b', { unschedulable: true })], pods: [ended], namespaceLabels: () => ({}) });
  assert.deepEqual([told.message, told.nodes.map(({ name, fits }) => `${name} ${fits}`)], [undefined, ['a true', 'b false']]);
});

test('a taint that the cluster sets is not to be taken off by hand', () => {
  const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }];
  const { nodes } = explainPlaces(pod('p'), { nodes: [node('a', { taints })], pods: [], namespaceLabels: () => ({}) });
  assert.match(nodes[0]?.reasons[0]?.advice ?? '', /^The cluster set it, and takes it off when the node is well: "kubectl describe node a"/);
});
