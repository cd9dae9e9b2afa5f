import type { V1Pod, V1PodAffinityTerm } from '#cluster/api';
import { domainOf, domainsWith } from './affinity.ts';
import { matchesTerm, tolerates } from './node-selection.ts';
import { requestsOf } from './resources.ts';
import { countsByDomain } from './spread.ts';
import type { ClusterView, NodeView } from './types.ts';

/** Pure: how well a node suits a Pod, from 0 to 100; those that are `raw` are brought to that range among the nodes. */
export interface Score {
  readonly plugin: string;
  readonly weight: number;
  readonly raw?: 'more is better' | 'less is better';
  readonly of: (pod: V1Pod, view: NodeView, cluster: ClusterView) => number;
}
/** What a Pod that asks for nothing is counted with, so that such Pods spread too. */
const ASSUMED: Readonly<Record<string, bigint>> = { cpu: 100n, memory: 200n * 1024n * 1024n * 1000n };

function usedShare(pod: V1Pod, { pods, allocatable }: NodeView, resource: 'cpu' | 'memory'): number {
  const capacity = Number(allocatable.get(resource) ?? 0n);
  if (capacity === 0) return 1;
  const used = [...pods, pod].reduce((total, one) => total + Number(requestsOf(one).get(resource) || ASSUMED[resource] || 0n), 0);
  return Math.min(1, used / capacity);
}

const leastAllocated: Score['of'] = (pod, view) => 50 * (2 - usedShare(pod, view, 'cpu') - usedShare(pod, view, 'memory'));
const balanced: Score['of'] = (pod, view) => 100 * (1 - Math.abs(usedShare(pod, view, 'cpu') - usedShare(pod, view, 'memory')) / 2);

const MIB = 1024 * 1024;
const imageLocality: Score['of'] = (pod, { node }) => {
  const images = (pod.spec?.containers ?? []).map(({ image }) => withTag(image ?? ''));
  const present = (node.status?.images ?? []).filter(({ names = [] }) => names.some((name) => images.includes(withTag(name))));
  const bytes = present.reduce((total, { sizeBytes = 0 }) => total + sizeBytes, 0);
  const most = 1000 * MIB * Math.max(1, images.length);
  return (100 * (Math.min(Math.max(bytes, 23 * MIB), most) - 23 * MIB)) / (most - 23 * MIB);
};

function withTag(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1).includes(':') || image.includes('@') ? image : `${image}:latest`;
}

const preferredNodes: Score['of'] = (pod, { node }) =>
  (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
    (total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0),
    0,
  );

const softTaints: Score['of'] = (pod, { node }) =>
  (node.spec?.taints ?? []).filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !(pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  ).length;

const affinity: Score['of'] = (pod, view, cluster) => {
  const total = (terms: readonly { readonly weight: number; readonly podAffinityTerm: V1PodAffinityTerm }[] | undefined) =>
    (terms ?? []).reduce(
      (sum, { weight, podAffinityTerm }) =>
        sum + (domainsWith(podAffinityTerm, pod, cluster).has(domainOf(view, podAffinityTerm.topologyKey) ?? ' none') ? weight : 0),
      0,
    );
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  return total(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution) - total(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
};

/** Without constraints of its own a Pod's siblings (same controller) are spread over the nodes. */
const spreading: Score['of'] = (pod, view, cluster) => {
  const soft = (pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway');
  if (soft.length > 0)
    return soft.reduce(
      (total, constraint) =>
        total + (countsByDomain(constraint, pod, cluster).get(domainOf(view, constraint.topologyKey) ?? ' none') ?? Number.MAX_SAFE_INTEGER),
      0,
    );
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
  if (owner === undefined) return 0;
  return view.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.ownerReferences?.some(({ uid }) => uid === owner)).length;
};

/** The weights are Kubernetes' defaults. */
export const SCORES: readonly Score[] = [
  { plugin: 'TaintToleration', weight: 3, raw: 'less is better', of: softTaints },
  { plugin: 'NodeAffinity', weight: 2, raw: 'more is better', of: preferredNodes },
  { plugin: 'NodeResourcesFit', weight: 1, of: leastAllocated },
  { plugin: 'NodeResourcesBalancedAllocation', weight: 1, of: balanced },
  { plugin: 'PodTopologySpread', weight: 2, raw: 'less is better', of: spreading },
  { plugin: 'InterPodAffinity', weight: 2, raw: 'more is better', of: affinity },
  { plugin: 'ImageLocality', weight: 1, of: imageLocality },
];

/** Brings raw figures to 0…100; equal ones all to 100. */
export function normalize(figures: readonly number[], raw: Score['raw']): readonly number[] {
  if (raw === undefined) return figures;
  const least = Math.min(...figures);
  const most = Math.max(...figures);
  if (least === most) return figures.map(() => 100);
  return figures.map((figure) => (100 * (raw === 'more is better' ? figure - least : most - figure)) / (most - least));
}
