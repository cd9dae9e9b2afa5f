import type { V1LabelSelector, V1Pod, V1PodAffinityTerm } from '../../../generated/types.ts';

type Labels = Readonly<Record<string, string>>;

/** Selectors that speak of the Pod's own labels are given their values when it is made: in a spec of its own then. */
export function applyLabelKeys(pod: V1Pod): void {
  const { labels = {} } = pod.metadata;
  if (pod.spec?.affinity === undefined && pod.spec?.topologySpreadConstraints === undefined) return;
  const spec = structuredClone(pod.spec);
  pod.spec = spec;
  for (const side of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const preferred = (side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm);
    for (const term of [...preferred, ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? [])]) if (term) applyToTerm(term, labels);
  }
  for (const { labelSelector, matchLabelKeys = [] } of spec.topologySpreadConstraints ?? [])
    if (labelSelector) add(labelSelector, matchLabelKeys, 'In', labels);
}

function applyToTerm({ labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: V1PodAffinityTerm, labels: Labels): void {
  if (labelSelector === undefined) return;
  add(labelSelector, matchLabelKeys, 'In', labels);
  add(labelSelector, mismatchLabelKeys, 'NotIn', labels);
}

function add(selector: V1LabelSelector, keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels): void {
  const more = keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  if (more.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...more];
}
