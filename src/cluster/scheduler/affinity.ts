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

/** Why the Pods' affinities forbid a node; undefined where they don't. */
export function affinityReason(pod: V1Pod, view: NodeView, cluster: ClusterView): string | undefined {
  const wanted = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (!wanted.every((term) => attracted(term, pod, view, cluster))) return "node(s) didn't match pod affinity rules";
  const unwanted = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const repelled = unwanted.some((term) => domainsWith(term, pod, cluster).has(domainOf(view, term.topologyKey) ?? ' none'));
  if (repelled) return "node(s) didn't match pod anti-affinity rules";
  return repelledByOthers(pod, view, cluster) ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined;
}

/** A Pod that means itself and is the first of its kind may stand anywhere the key is. */
function attracted(term: V1PodAffinityTerm, pod: V1Pod, view: NodeView, cluster: ClusterView): boolean {
  const domain = domainOf(view, term.topologyKey);
  if (domain === undefined) return false;
  const domains = domainsWith(term, pod, cluster);
  return domains.has(domain) || (domains.size === 0 && termMeans(term, pod, pod, cluster));
}

function repelledByOthers(pod: V1Pod, view: NodeView, cluster: ClusterView): boolean {
  return cluster.nodes.some((other) =>
    other.pods.some((existing) =>
      (existing.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some((term) => {
        const domain = domainOf(other, term.topologyKey);
        return domain !== undefined && domain === domainOf(view, term.topologyKey) && termMeans(term, existing, pod, cluster);
      }),
    ),
  );
}
