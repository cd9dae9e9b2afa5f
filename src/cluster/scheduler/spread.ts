import { matchesLabels, requirementsOf, type V1Pod, type V1TopologySpreadConstraint } from '#cluster/api';
import { domainOf } from './affinity.ts';
import type { ClusterView } from './types.ts';

/** How many Pods that the constraint means stand in each domain. */
export function countsByDomain(constraint: V1TopologySpreadConstraint, pod: V1Pod, cluster: ClusterView): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const view of cluster.nodes) {
    const domain = domainOf(view, constraint.topologyKey);
    if (domain === undefined) continue;
    const here = view.pods.filter((other) => other.metadata.deletionTimestamp === undefined && means(constraint, pod, other)).length;
    counts.set(domain, (counts.get(domain) ?? 0) + here);
  }
  return counts;
}

export function means(constraint: V1TopologySpreadConstraint, pod: V1Pod, other: V1Pod): boolean {
  if (constraint.labelSelector === undefined || other.metadata.namespace !== pod.metadata.namespace) return false;
  const keys = constraint.matchLabelKeys ?? [];
  return (
    matchesLabels(requirementsOf(constraint.labelSelector), other.metadata.labels) &&
    keys.every((key) => other.metadata.labels?.[key] === pod.metadata.labels?.[key])
  );
}
