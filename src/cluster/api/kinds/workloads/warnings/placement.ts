import type { V1Affinity, V1NodeSelectorTerm, V1PodAffinityTerm, V1PodSpec } from '../../../generated/types.ts';
import { labelValue } from '../../../validation/text-formats.ts';

/** What the labels of Nodes were called once, and what they are called now. */
const OLD_NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const NO_SELECTOR = 'a null labelSelector results in matching no pod';

/** Where a Pod is to run: old labels of Nodes, and selectors that match nothing. */
export function placementWarnings(path: string, { nodeSelector = {}, affinity = {}, topologySpreadConstraints = [] }: V1PodSpec): string[] {
  const oldKeys = Object.keys(nodeSelector)
    .sort()
    .flatMap((key) => (OLD_NODE_LABELS[key] === undefined ? [] : [`${path}.nodeSelector[${key}]: ${OLD_NODE_LABELS[key]}`]));
  const spread = topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, index) => {
    const here = `${path}.topologySpreadConstraints[${index}]`;
    return [...oldLabel(`${here}.topologyKey`, topologyKey), ...(labelSelector === undefined ? [`${here}.labelSelector: ${NO_SELECTOR}`] : [])];
  });
  return [...oldKeys, ...nodeAffinity(`${path}.affinity.nodeAffinity`, affinity), ...spread];
}

function nodeAffinity(path: string, { nodeAffinity: of = {} }: V1Affinity): string[] {
  const required = of.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = of.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...required.flatMap((term, index) => termWarnings(`${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`, term, false)),
    ...preferred.flatMap(({ preference }, index) =>
      termWarnings(`${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`, preference, true),
    ),
  ];
}

/** The rules see to the values of what is required only. */
function termWarnings(path: string, { matchExpressions = [] }: V1NodeSelectorTerm = {}, withValues: boolean): string[] {
  return matchExpressions.flatMap(({ key, values = [] }, index) => {
    const here = `${path}.matchExpressions[${index}]`;
    const odd = withValues ? values.flatMap((value, at) => labelValue(value).map((why) => `${here}.values[${at}]: ${value} is invalid, ${why}`)) : [];
    return [...oldLabel(`${here}.key`, key), ...odd];
  });
}

const oldLabel = (field: string, key = ''): string[] => (OLD_NODE_LABELS[key] === undefined ? [] : [`${field}: ${key} is ${OLD_NODE_LABELS[key]}`]);

/** Terms of affinity to other Pods that have no selector. */
export function podAffinityWarnings(path: string, { affinity = {} }: V1PodSpec): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((side) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: required = [], preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } =
      affinity[side] ?? {};
    const here = `${path}.affinity.${side}`;
    const lacks = (term: V1PodAffinityTerm | undefined, field: string) => (term?.labelSelector === undefined ? [`${field}.labelSelector: ${NO_SELECTOR}`] : []);
    return [
      ...required.flatMap((term, index) => lacks(term, `${here}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`)),
      ...preferred.flatMap(({ podAffinityTerm }, index) =>
        lacks(podAffinityTerm, `${here}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`),
      ),
    ];
  });
}
