import type { UserInfo } from '#cluster/api';
import { type Attributes, isResourceRequest, MASTERS } from '../attributes.ts';
import { type Binding, type RbacIndex, type Role, subjectOf } from './rbac-index.ts';
import { findRule, type PolicyRule } from './rules.ts';

/** By what a request is allowed. */
export interface Grant {
  readonly binding: Binding;
  readonly role: Role;
  readonly rule: PolicyRule;
}
export type RbacDecision = { readonly allowed: true; readonly by: Grant | 'masters'; readonly reason: string } | { readonly allowed: false };

const DENIED: RbacDecision = { allowed: false };

/** The first rule that allows it, of the cluster's bindings and then of the namespace's. Pure. */
export function decide(index: RbacIndex, user: UserInfo, asked: Attributes): RbacDecision {
  if (user.groups.includes(MASTERS)) return { allowed: true, by: 'masters', reason: `allowed: group ${MASTERS} may do everything` };
  const namespace = isResourceRequest(asked) ? asked.namespace : undefined;
  for (const binding of index.bindingsOf(user, namespace)) {
    const role = index.roleOf(binding);
    const rule = role && findRule(role.rules, asked);
    if (role !== undefined && rule !== undefined) return { allowed: true, by: { binding, role, rule }, reason: grantWords(binding, user) };
  }
  return DENIED;
}

/** Every rule that counts for the user in that namespace. Pure. */
export function rulesOf(index: RbacIndex, user: UserInfo, namespace: string | undefined): readonly PolicyRule[] {
  return [...index.bindingsOf(user, namespace)].flatMap((binding) => index.roleOf(binding)?.rules ?? []);
}

function grantWords(binding: Binding, user: UserInfo): string {
  const place = binding.namespace === undefined ? binding.name : `${binding.name}/${binding.namespace}`;
  return `RBAC: allowed by ${binding.kind} "${place}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subjectOf(binding, user)}`;
}
