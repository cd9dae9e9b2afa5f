import { matchesLabels, requirementsOf, type V1Pod, type V1PodAffinityTerm } from '#cluster/api';
import type { ClusterView, NodeView } from './types.ts';

/** Whether a term of `owner` means `pod`. */
export function termMeans(term: V1PodAffinityTerm, owner: V1Pod, pod: V1Pod, cluster: ClusterView): boolean {
  if (term.labelSelector === undefined || !inNamespaces(term, owner, pod.metadata.namespace ?? '', cluster)) return false;
  const same = (keys: readonly string[] | undefined, equal: boolean) =>
    (keys ?? []).every((key) => {
      const wanted = owner.metadata.labels?.[key];
      return wanted === undefined || (pod.metadata.labels?.[key] === wanted) === equal;
    });
  return matchesLabels(requirementsOf(term.labelSelector), pod.metadata.labels) && same(term.matchLabelKeys, true) && same(term.mismatchLabelKeys, false);
}

function inNamespaces({ namespaces = [], namespaceSelector }: V1PodAffinityTerm, owner: V1Pod, namespace: string, cluster: ClusterView): boolean {
  if (namespaces.length === 0 && namespaceSelector === undefined) return namespace === owner.metadata.namespace;
  if (namespaces.includes(namespace)) return true;
  return namespaceSelector !== undefined && matchesLabels(requirementsOf(namespaceSelector), cluster.namespaceLabels(namespace));
}

export function domainOf({ node }: NodeView, topologyKey: string): string | undefined {
  return node.metadata.labels?.[topologyKey];
}

/** The values of the topology key in which a Pod stands that the term means. */
export function domainsWith(term: V1PodAffinityTerm, owner: V1Pod, cluster: ClusterView): ReadonlySet<string> {
  const domains = new Set<string>();
  for (const view of cluster.nodes) {
    const domain = domainOf(view, term.topologyKey);
    if (domain !== undefined && view.pods.some((pod) => termMeans(term, owner, pod, cluster))) domains.add(domain);
  }
  return domains;
}
