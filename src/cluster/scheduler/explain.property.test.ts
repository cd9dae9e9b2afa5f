import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Node, V1Pod, V1PodSpec, V1Taint, V1TopologySpreadConstraint } from '#cluster/api';
import { seededRandom } from '#kit';
import { decide } from './decide.ts';
import { explainPlaces } from './explain.ts';
import { viewOf } from './resources.ts';

const RUNS = 2000;
const random = seededRandom(8);
const upTo = (most: number) => Math.floor(random.fraction() * (most + 1));
const maybe = (share = 0.3) => random.fraction() < share;
const one = <T>(of: readonly [T, ...T[]]): T => of[upTo(of.length - 1)] ?? of[0];
const few = <T>(most: number, make: () => T): T[] => Array.from({ length: upTo(most) }, make);

const app = () => one(['x', 'y']);
const zone = () => one(['1', '2', '3']);
const topologyKey = () => one(['zone', 'kubernetes.io/hostname', 'rack']);
const labelSelector = () => ({ matchLabels: { app: app() } });
const taint = (): V1Taint => ({ key: one(['k', 'l']), effect: one(['NoSchedule', 'NoExecute', 'PreferNoSchedule']) });

function node(name: string): V1Node {
  const labels = {
    'kubernetes.io/hostname': name,
    ...(maybe(0.8) && { zone: zone() }),
    ...(maybe() && { rack: one(['a', 'b']) }),
    ...(maybe() && { disk: 'ssd' }),
  };
  const spec = { ...(maybe(0.1) && { unschedulable: true }), taints: maybe() ? few(2, taint) : [] };
  const allocatable = { cpu: one(['1', '4']), memory: one(['1Gi', '8Gi']), pods: one(['2', '110']) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec, status: { allocatable } };
}

function constraint(): V1TopologySpreadConstraint {
  const hard = { whenUnsatisfiable: one(['DoNotSchedule', 'ScheduleAnyway']), ...(maybe() && { minDomains: 3 }) };
  const { minDomains: _, ...soft } = hard;
  return { maxSkew: one([1, 2]), topologyKey: topologyKey(), labelSelector: labelSelector(), ...(hard.whenUnsatisfiable === 'DoNotSchedule' ? hard : soft) };
}

function terms() {
  return { requiredDuringSchedulingIgnoredDuringExecution: few(1, () => ({ topologyKey: topologyKey(), labelSelector: labelSelector() })) };
}

function pod(name: string, nodeName?: string): V1Pod {
  const requirement = () => ({ key: one(['zone', 'disk']), operator: one(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: [] as string[] });
  const expression = () => {
    const made = requirement();
    return made.operator.endsWith('In') ? { ...made, values: [zone()] } : made;
  };
  const required = { nodeSelectorTerms: [{ matchExpressions: [expression()] }, ...few(1, () => ({ matchExpressions: [expression()] }))] };
  const spec: V1PodSpec = {
    containers: [
      {
        name: 'c',
        resources: { requests: { ...(maybe(0.7) && { cpu: one(['100m', '900m', '3']) }), ...(maybe() && { memory: one(['512Mi', '9Gi']) }) } },
        ports: maybe(0.2) ? [{ containerPort: 80, hostPort: one([80, 81]) }] : [],
      },
    ],
    tolerations: few(2, () => ({ key: one(['k', 'l']), operator: 'Exists' })),
    ...(maybe(0.1) && { nodeSelector: { disk: 'ssd' } }),
    topologySpreadConstraints: maybe() ? few(2, constraint) : [],
    affinity: {
      ...(maybe(0.2) && { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }),
      ...(maybe(0.2) && { podAffinity: terms() }),
      ...(maybe() && { podAntiAffinity: terms() }),
    },
    ...(nodeName !== undefined && { nodeName }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: one(['n', 'm']), labels: { app: app() } }, spec };
}

test('what is said of each node is what the Pod is placed by, and behind all of it stands what would help', () => {
  const [outcomes, plugins] = [new Set<string>(), new Set<string>()];
  for (let run = 0; run < RUNS; run += 1) {
    const nodes = Array.from({ length: 1 + upTo(5) }, (_, index) => node(`node-${index}`));
    const pods = few(8, () => pod(`other-${upTo(1000)}`, `node-${upTo(nodes.length - 1)}`));
    const given = pod('p');
    const namespaceLabels = () => ({});
    const views = nodes.map((at) =>
      viewOf(
        at,
        pods.filter(({ spec }) => spec?.nodeName === at.metadata.name),
      ),
    );
    const verdict = decide(given, { nodes: views, namespaceLabels }, random.fraction());
    const why = explainPlaces(given, { nodes, pods, namespaceLabels });
    const context = JSON.stringify({ run, given, nodes, pods });
    outcomes.add(verdict.kind);
    const fitting = why.nodes.filter(({ fits }) => fits).map(({ name }) => name);
    if (verdict.kind === 'placed') {
      assert.deepEqual([fitting, why.message], [verdict.scores.map(({ node: name }) => name), undefined], context);
    } else {
      assert.deepEqual([fitting, why.message], [[], verdict.message], context);
      for (const { node: name, plugin, reasons } of verdict.rejections) {
        const told = why.nodes.find((at) => at.name === name)?.reasons ?? [];
        assert.equal(told[0]?.plugin, plugin, context);
        assert.deepEqual([...new Set(told.filter((reason) => reason.plugin === plugin).map(({ message }) => message))], reasons, context);
      }
    }
    for (const { reasons } of why.nodes)
      for (const { plugin, advice } of reasons) {
        plugins.add(plugin);
        assert.doesNotMatch(advice, /^Look at what the Pod asks/, context);
      }
  }
  assert.deepEqual([outcomes.size, plugins.size], [2, 7], 'all was tried, but Pods that name their node');
});
