import type { V1Pod, V1PodAffinityTerm } from '#cluster/api';
import { domainOf } from './affinity.ts';
import { matchesTerm, tolerates } from './node-selection.ts';
import type { Placing } from './placing.ts';
import { countedOf, ownerOf } from './resources.ts';
import type { NodeView } from './types.ts';

/** Pure: how well a node suits a Pod, from 0 to 100; those that are `raw` are brought to that range among the nodes. */
export interface Score {
  readonly plugin: string;
  readonly weight: number;
  readonly raw?: 'more is better' | 'less is better';
  readonly of: (placing: Placing, view: NodeView) => number;
}
function usedShare(pod: V1Pod, { allocatable, counted }: NodeView, resource: 'cpu' | 'memory'): number {
  const capacity = Number(allocatable.get(resource) ?? 0n);
  return capacity === 0 ? 1 : Math.min(1, (counted[resource] + countedOf(pod, resource)) / capacity);
}

const leastAllocated: Score['of'] = ({ pod }, view) => 50 * (2 - usedShare(pod, view, 'cpu') - usedShare(pod, view, 'memory'));
const balanced: Score['of'] = ({ pod }, view) => 100 * (1 - Math.abs(usedShare(pod, view, 'cpu') - usedShare(pod, view, 'memory')) / 2);

const MIB = 1024 * 1024;
const imageLocality: Score['of'] = ({ pod }, { node }) => {
  const images = (pod.spec?.containers ?? []).map(({ image }) => withTag(image ?? ''));
  const present = (node.status?.images ?? []).filter(({ names = [] }) => names.some((name) => images.includes(withTag(name))));
  const bytes = present.reduce((total, { sizeBytes = 0 }) => total + sizeBytes, 0);
  const most = 1000 * MIB * Math.max(1, images.length);
  return (100 * (Math.min(Math.max(bytes, 23 * MIB), most) - 23 * MIB)) / (most - 23 * MIB);
};

function withTag(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1).includes(':') || image.includes('@') ? image : `${image}:latest`;
}

const preferredNodes: Score['of'] = ({ pod }, { node }) =>
  (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
    (total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0),
    0,
  );

const softTaints: Score['of'] = ({ pod }, { node }) =>
  (node.spec?.taints ?? []).filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !(pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  ).length;

const affinity: Score['of'] = (placing, view) => {
  const total = (terms: readonly { readonly weight: number; readonly podAffinityTerm: V1PodAffinityTerm }[] | undefined) =>
    (terms ?? []).reduce(
      (sum, { weight, podAffinityTerm }) => sum + (placing.domains(podAffinityTerm).has(domainOf(view, podAffinityTerm.topologyKey) ?? ' none') ? weight : 0),
      0,
    );
  const { podAffinity, podAntiAffinity } = placing.pod.spec?.affinity ?? {};
  return total(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution) - total(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
};

/** Without constraints of its own a Pod's siblings (same controller) are spread over the nodes. */
const spreading: Score['of'] = (placing, view) => {
  const soft = (placing.pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway');
  if (soft.length === 0) return view.siblings.get(ownerOf(placing.pod) ?? '') ?? 0;
  return soft.reduce(
    (total, constraint) => total + (placing.counts(constraint).get(domainOf(view, constraint.topologyKey) ?? ' none') ?? Number.MAX_SAFE_INTEGER),
    0,
  );
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
