import { isDeepStrictEqual } from 'node:util';
import type {
  RbacV1Subject,
  V1CertificateSigningRequest,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1PolicyRule,
  V1PriorityClass,
  V1Role,
  V1RoleBinding,
} from '../generated/types.ts';
import type { FieldErrors } from './field-errors.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
/** The highest number that a class of one's own may have; the cluster's own are above it. */
const PRIORITY_MAX = 1_000_000_000;
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };
const EXPIRATION_MIN_S = 600;

/** A name that can stand in a path: colons and the like are fine. */
export function checkPathSegment(errors: FieldErrors, field: string, name: string): void {
  if (name === '.' || name === '..') errors.invalid(field, name, `may not be '${name}'`);
  for (const part of ['/', '%']) if (name.includes(part)) errors.invalid(field, name, `may not contain '${part}'`);
}

export function checkRole(errors: FieldErrors, { rules }: V1Role): void {
  for (const [index, rule] of (rules ?? []).entries()) checkRule(errors, `rules[${index}]`, rule, true);
}

export function checkClusterRole(errors: FieldErrors, { rules }: V1ClusterRole): void {
  for (const [index, rule] of (rules ?? []).entries()) checkRule(errors, `rules[${index}]`, rule, false);
}

function checkRule(errors: FieldErrors, path: string, rule: V1PolicyRule, namespaced: boolean): void {
  if (!rule.verbs?.length) errors.required(`${path}.verbs`, 'verbs must contain at least one value');
  if (rule.nonResourceURLs?.length) {
    if (namespaced) errors.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
      errors.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
    return;
  }
  if (!rule.apiGroups?.length) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  if (!rule.resources?.length) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
}

type Binding = V1RoleBinding | V1ClusterRoleBinding;

export function checkRoleBinding(errors: FieldErrors, binding: V1RoleBinding, old?: V1RoleBinding): void {
  checkBinding(errors, binding, old, ['ClusterRole', 'Role']);
}

export function checkClusterRoleBinding(errors: FieldErrors, binding: V1ClusterRoleBinding, old?: V1ClusterRoleBinding): void {
  checkBinding(errors, binding, old, ['ClusterRole']);
}

function checkBinding(errors: FieldErrors, { roleRef, subjects }: Binding, old: Binding | undefined, kinds: readonly string[]): void {
  if (roleRef?.apiGroup !== RBAC_GROUP) errors.notSupported('roleRef.apiGroup', roleRef?.apiGroup ?? '', [RBAC_GROUP]);
  if (!kinds.includes(roleRef?.kind ?? '')) errors.notSupported('roleRef.kind', roleRef?.kind ?? '', kinds);
  if (!roleRef?.name) errors.required('roleRef.name');
  else checkPathSegment(errors, 'roleRef.name', roleRef.name);
  if (old !== undefined && !isDeepStrictEqual(roleRef, old.roleRef)) errors.invalid('roleRef', roleRef, 'cannot change roleRef');
  for (const [index, subject] of (subjects ?? []).entries()) checkSubject(errors, `subjects[${index}]`, subject);
}

function checkSubject(errors: FieldErrors, path: string, { kind, name, namespace, apiGroup = '' }: RbacV1Subject): void {
  if (!name) errors.required(`${path}.name`);
  if (kind === 'ServiceAccount') {
    if (apiGroup !== '') errors.notSupported(`${path}.apiGroup`, apiGroup, ['']);
    if (!namespace) errors.required(`${path}.namespace`);
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== RBAC_GROUP) errors.notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]);
  } else errors.notSupported(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User']);
}

export function checkCertificateRequest(errors: FieldErrors, { spec, status }: V1CertificateSigningRequest, old?: V1CertificateSigningRequest): void {
  if (!spec?.request) errors.required('spec.request');
  if (!spec?.usages?.length) errors.required('spec.usages');
  if (!spec?.signerName) errors.required('spec.signerName');
  else if (!/^[a-z0-9.-]+\/[^/]+$/.test(spec.signerName))
    errors.invalid('spec.signerName', spec.signerName, 'must be a fully qualified domain and path of the form "example.com/signer-name"');
  if (spec?.expirationSeconds !== undefined && spec.expirationSeconds < EXPIRATION_MIN_S)
    errors.invalid('spec.expirationSeconds', spec.expirationSeconds, `may not specify a duration less than ${EXPIRATION_MIN_S} seconds (10 minutes)`);
  if (old !== undefined && !isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec, 'field is immutable');
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  if (types.has('Approved') && types.has('Denied')) errors.invalid('status.conditions', [...types], 'Approved and Denied conditions are mutually exclusive');
}

export function checkPriorityClass(errors: FieldErrors, { metadata, value = 0, preemptionPolicy }: V1PriorityClass, old?: V1PriorityClass): void {
  const { name = '' } = metadata;
  if (name.startsWith('system-')) {
    if (SYSTEM_PRIORITIES[name] !== value)
      errors.forbidden(
        'metadata.name',
        "priority class names with 'system-' prefix are reserved for system use only. error: only system priority classes may have that prefix",
      );
  } else if (value > PRIORITY_MAX) errors.forbidden('value', `maximum allowed value of a user defined priority is ${PRIORITY_MAX}`);
  if (preemptionPolicy !== undefined && !['Never', 'PreemptLowerPriority'].includes(preemptionPolicy))
    errors.notSupported('preemptionPolicy', preemptionPolicy, ['Never', 'PreemptLowerPriority']);
  if (old !== undefined && value !== (old.value ?? 0)) errors.forbidden('value', 'may not be changed in an update.');
}
