import type { V1ClusterRoleBinding, V1PriorityClass, V1RoleBinding } from '../generated/types.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

export function defaultBinding(binding: V1RoleBinding | V1ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of binding.subjects ?? []) if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= RBAC_GROUP;
}

export function defaultPriorityClass(one: V1PriorityClass): void {
  one.preemptionPolicy ??= 'PreemptLowerPriority';
}
