import { formatQuantity, type NodeReason, type V1NodeSelectorTerm, type V1Pod } from '#cluster/api';
import { domainOf } from './affinity.ts';
import { collide, untolerated } from './filters.ts';
import { matchesNodeSelector } from './node-selection.ts';
import { hostPorts, type Placing } from './placing.ts';
import { skewIn } from './pod-reasons.ts';
import type { NodeView, PluginName } from './types.ts';

/** What a reason is about, and what would take it away. */
export type Remedy = Pick<NodeReason, 'code' | 'values' | 'advice'>;
/** Pure: what stands behind the words with which a plugin keeps a Pod off a node. */
type Remedies = (placing: Placing, view: NodeView, message: string) => readonly Remedy[];

/** Taints that stand for what a node's conditions say. */
const OF_CONDITIONS = 'node.kubernetes.io/';

const taints: Remedies = ({ pod }, { node }) =>
  untolerated(pod, node).map(({ key, value = '', effect }) => ({
    code: 'UntoleratedTaint',
    values: { key, value, effect },
    advice: key.startsWith(OF_CONDITIONS)
      ? `The cluster set it, and takes it off when the node is well: "kubectl describe node ${node.metadata.name}" tells its conditions`
      : `Take the taint off ("kubectl taint node ${node.metadata.name} ${key}:${effect}-"), or give the Pod a toleration for it`,
  }));

const affinity: Remedies = ({ pod }, { node }) => {
  const labels = node.metadata.labels ?? {};
  const name = node.metadata.name ?? '';
  const unmet = Object.entries(pod.spec?.nodeSelector ?? {}).filter(([key, value]) => labels[key] !== value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const selected = unmet.map(([label, wanted]) => ({
    code: 'NodeSelector',
    values: { label, wanted, found: labels[label] ?? '' },
    advice: `"kubectl label ${label in labels ? '--overwrite ' : ''}node ${name} ${label}=${wanted}", or change the Pod's nodeSelector`,
  }));
  if (required === undefined || matchesNodeSelector(required, node)) return selected;
  const wanted = required.nodeSelectorTerms.map(termText).join(' or ');
  return [...selected, { code: 'NodeAffinity', values: { wanted }, advice: `Label the node so that ${wanted} holds, or change the Pod's node affinity` }];
};

function termText({ matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm): string {
  return [...matchExpressions, ...matchFields].map(({ key, operator, values = [] }) => [key, operator, values.join(',')].join(' ').trim()).join(' and ');
}

const resources: Remedies = ({ requests }, { pods, allocatable, requested, node }, message) => {
  const of = message.replace(/^Insufficient /, '');
  if (of === message) {
    const there = String((allocatable.get('pods') ?? 0n) / 1000n);
    return [{ code: 'TooManyPods', values: { pods: String(pods.length), allocatable: there }, advice: 'End other Pods there, or add a node' }];
  }
  const [wanted, room, taken] = [requests.get(of) ?? 0n, allocatable.get(of) ?? 0n, requested.get(of) ?? 0n];
  const text = (milli: bigint) => formatQuantity(milli, { binary: of !== 'cpu' });
  const free = room > taken ? room - taken : 0n;
  const values = { resource: of, requested: text(wanted), free: text(free), allocatable: text(room) };
  const other = wanted > room ? 'the node as a whole has less than that' : `or end Pods there that ask for ${text(wanted - free)}`;
  return [{ code: 'InsufficientResource', values, advice: `Ask for ${text(free)} of ${of} at most on ${node.metadata.name}; ${other}` }];
};

const ports: Remedies = ({ pod }, { pods }) =>
  hostPorts(pod).flatMap((port) => {
    const holder = pods.find((other) => hostPorts(other).some((taken) => collide(port, taken)));
    if (holder === undefined) return [];
    const values = { port: String(port.hostPort), protocol: port.protocol ?? 'TCP', ...namedFor(pod, holder) };
    return [{ code: 'PortTaken', values, advice: 'Choose another host port, or use a Service' }];
  });

/** Pods of other namespaces are not named: who may look into one need not know the others. */
function namedFor({ metadata }: V1Pod, holder: V1Pod): Readonly<Record<string, string>> {
  return metadata.namespace === holder.metadata.namespace ? { pod: holder.metadata.name ?? '' } : {};
}

const spread: Remedies = (placing, view, message) => {
  const hard = (placing.pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
  const unlabelled = message.endsWith('(missing required label)');
  return hard.flatMap((constraint) => {
    const { topologyKey, maxSkew } = constraint;
    const domain = domainOf(view, topologyKey);
    if (domain === undefined)
      return [{ code: 'MissingTopologyLabel', values: { topologyKey }, advice: `"kubectl label node ${view.node.metadata.name} ${topologyKey}=…"` }];
    const { here, least, isTooMuch } = skewIn(placing, constraint, domain);
    if (unlabelled || !isTooMuch) return [];
    const values = { topologyKey, domain, here: String(here), least: String(least), maxSkew: String(maxSkew) };
    return [{ code: 'TopologySpread', values, advice: `Let Pods of its kind start where ${least} are, raise maxSkew, or say ScheduleAnyway` }];
  });
};

const podAffinity: Remedies = ({ pod }, _view, message) => {
  const { podAffinity: towards, podAntiAffinity: away } = pod.spec?.affinity ?? {};
  if (message.includes('existing pods'))
    return [
      { code: 'RepelledByOthers', values: {}, advice: 'Pods there keep it away by their anti-affinity: change its labels, or theirs, or choose another node' },
    ];
  const isAnti = message.includes('anti-affinity');
  const terms = (isAnti ? away : towards)?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const values = { topologyKeys: [...new Set(terms.map(({ topologyKey }) => topologyKey))].join(',') };
  const advice = isAnti
    ? 'Pods that its anti-affinity means stand there: add a node, or prefer instead of require'
    : 'Start Pods that its affinity means there first, or prefer instead of require';
  return [{ code: isAnti ? 'PodAntiAffinity' : 'PodAffinity', values, advice }];
};

export const REMEDIES: Readonly<Record<PluginName, Remedies>> = {
  NodeUnschedulable: (_placing, { node }) => [{ code: 'NodeUnschedulable', values: {}, advice: `"kubectl uncordon ${node.metadata.name}"` }],
  NodeName: ({ pod }) => [{ code: 'NodeName', values: { wanted: pod.spec?.nodeName ?? '' }, advice: 'The Pod names another node' }],
  TaintToleration: taints,
  NodeAffinity: affinity,
  NodePorts: ports,
  NodeResourcesFit: resources,
  PodTopologySpread: spread,
  InterPodAffinity: podAffinity,
};
