import type { V1PodAffinityTerm } from '#cluster/api';
import { domainOf } from './affinity.ts';
import { matchesTerm, tolerates } from './node-selection.ts';
import { type Placing, withTag } from './placing.ts';
import type { NodeView } from './types.ts';

/** Pure: how well a node suits a Pod, from 0 to 100; those that are `raw` are brought to that range among the nodes. */
export interface Score {
  readonly plugin: string;
  readonly weight: number;
  readonly raw?: 'more is better' | 'less is better';
  readonly of: (placing: Placing, view: NodeView) => number;
}
function usedShare(placing: Placing, { capacity, counted }: NodeView, resource: 'cpu' | 'memory'): number {
  return capacity[resource] === 0 ? 1 : Math.min(1, (counted[resource] + placing.counted[resource]) / capacity[resource]);
}

const leastAllocated: Score['of'] = (placing, view) => 50 * (2 - usedShare(placing, view, 'cpu') - usedShare(placing, view, 'memory'));
const balanced: Score['of'] = (placing, view) => 100 * (1 - Math.abs(usedShare(placing, view, 'cpu') - usedShare(placing, view, 'memory')) / 2);

const MIB = 1024 * 1024;
const imageLocality: Score['of'] = ({ images }, { node }) => {
  const there = node.status?.images ?? [];
  if (there.length === 0) return 0;
  const present = there.filter(({ names = [] }) => names.some((name) => images.includes(withTag(name))));
  const bytes = present.reduce((total, { sizeBytes = 0 }) => total + sizeBytes, 0);
  const most = 1000 * MIB * Math.max(1, images.length);
  return (100 * (Math.min(Math.max(bytes, 23 * MIB), most) - 23 * MIB)) / (most - 23 * MIB);
};

const preferredNodes: Score['of'] = ({ pod }, { node }) =>
  (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
    (total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0),
    0,
  );

const softTaints: Score['of'] = ({ pod }, { node }) => {
  const taints = node.spec?.taints ?? [];
  if (taints.length === 0) return 0;
  const tolerations = pod.spec?.tolerations ?? [];
  return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint))).length;
};

const affinity: Score['of'] = (placing, view) => {
  const total = (terms: readonly { readonly weight: number; readonly podAffinityTerm: V1PodAffinityTerm }[] | undefined) =>
    (terms ?? []).reduce(
      (sum, { weight, podAffinityTerm }) => sum + (placing.domains(podAffinityTerm).has(domainOf(view, podAffinityTerm.topologyKey) ?? ' none') ? weight : 0),
      0,
    );
  const { podAffinity, podAntiAffinity } = placing.pod.spec?.affinity ?? {};
  if (podAffinity === undefined && podAntiAffinity === undefined) return 0;
  return total(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution) - total(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
};

/** Without constraints of its own a Pod's siblings (same controller) are spread over the nodes. */
const spreading: Score['of'] = (placing, view) => {
  if (placing.soft.length === 0) return view.siblings.get(placing.owner) ?? 0;
  return placing.soft.reduce(
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
