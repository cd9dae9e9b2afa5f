import type { Discovered } from './resources.ts';

/** Kubernetes' own groups as its servers name them: of two that have a resource of one name, clients take the first. */
const GROUPS: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

/** What is served in the order in which it is shown: by group, all others behind Kubernetes' own, and by name. */
export function inOrder(all: readonly Discovered[]): readonly Discovered[] {
  const others = [...new Set(all.map(({ group }) => group))].filter((group) => !GROUPS.includes(group));
  const place = new Map([...GROUPS, ...others].map((group, index) => [group, index]));
  const placeOf = ({ group }: Discovered) => place.get(group) ?? place.size;
  return all.toSorted((one, other) => placeOf(one) - placeOf(other) || (one.resource < other.resource ? -1 : one.resource > other.resource ? 1 : 0));
}
