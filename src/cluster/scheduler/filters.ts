import type { V1ContainerPort, V1Node, V1Pod, V1Taint } from '#cluster/api';
import { matchesNodeSelector, tolerates } from './node-selection.ts';
import { hostPorts, type Placing } from './placing.ts';
import { affinityReason, spreadReason } from './pod-reasons.ts';
import type { NodeView, PluginName } from './types.ts';

/** Pure: the reasons why a node is no place for a Pod; none where it is one. */
export type Filter = (placing: Placing, view: NodeView) => readonly string[];

const NONE: readonly string[] = [];
const one = (reason: string | undefined): readonly string[] => (reason === undefined ? NONE : [reason]);

const nodeName: Filter = ({ pod }, { node }) =>
  one(pod.spec?.nodeName && pod.spec.nodeName !== node.metadata.name ? "node(s) didn't match the requested node name" : undefined);

const UNSCHEDULABLE: V1Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const nodeUnschedulable: Filter = ({ pod }, { node }) => {
  if (!node.spec?.unschedulable) return NONE;
  return one((pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, UNSCHEDULABLE)) ? undefined : 'node(s) were unschedulable');
};

const taintToleration: Filter = ({ pod }, { node }) => one(untolerated(pod, node).length > 0 ? 'node(s) had untolerated taint(s)' : undefined);

const NO_TAINTS: readonly V1Taint[] = [];

export function untolerated({ spec }: V1Pod, node: V1Node): readonly V1Taint[] {
  const taints = node.spec?.taints ?? NO_TAINTS;
  if (taints.length === 0) return NO_TAINTS;
  const hard = taints.filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
  return hard.filter((taint) => !(spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}

const nodeAffinity: Filter = ({ pod, selector }, { node }) => {
  const selected = selector.every(([key, value]) => node.metadata.labels?.[key] === value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return one(selected && (required === undefined || matchesNodeSelector(required, node)) ? undefined : "node(s) didn't match Pod's node affinity/selector");
};

const resourcesFit: Filter = ({ requests }, { isFull, allocatable, requested }) => {
  const reasons = isFull ? ['Too many pods'] : [];
  for (const [name, wanted] of requests) {
    if (wanted > 0n && wanted + (requested.get(name) ?? 0n) > (allocatable.get(name) ?? 0n)) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
};

const nodePorts: Filter = ({ hostPorts: wanted }, { pods }) => {
  if (wanted.length === 0) return NONE;
  const taken = pods.flatMap(hostPorts);
  return one(wanted.some((port) => taken.some((other) => collide(port, other))) ? "node(s) didn't have free ports for the requested pod ports" : undefined);
};

export function collide(a: V1ContainerPort, b: V1ContainerPort): boolean {
  const any = (address: string | undefined) => !address || address === '0.0.0.0';
  return a.hostPort === b.hostPort && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') && (any(a.hostIP) || any(b.hostIP) || a.hostIP === b.hostIP);
}

/** In the order in which they are asked; the first that objects speaks for the node. */
export const FILTERS: readonly { readonly plugin: PluginName; readonly filter: Filter }[] = [
  { plugin: 'NodeUnschedulable', filter: nodeUnschedulable },
  { plugin: 'NodeName', filter: nodeName },
  { plugin: 'TaintToleration', filter: taintToleration },
  { plugin: 'NodeAffinity', filter: nodeAffinity },
  { plugin: 'NodePorts', filter: nodePorts },
  { plugin: 'NodeResourcesFit', filter: resourcesFit },
  { plugin: 'PodTopologySpread', filter: (placing, view) => one(spreadReason(placing, view)) },
  { plugin: 'InterPodAffinity', filter: (placing, view) => one(affinityReason(placing, view)) },
];
