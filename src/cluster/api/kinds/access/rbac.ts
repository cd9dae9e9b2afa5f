import { isDeepStrictEqual } from 'node:util';
import type { RbacV1Subject, V1ClusterRole, V1ClusterRoleBinding, V1PolicyRule, V1Role, V1RoleBinding } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, dnsSubdomain, pathSegment } from '../../validation/text-formats.ts';
import { type Strategy, strategy } from '../strategy.ts';

const GROUP = 'rbac.authorization.k8s.io';
type Binding = V1RoleBinding | V1ClusterRoleBinding;
const validateName: Strategy['validateName'] & {} = (errors, field, name) => checkText(errors, field, name, pathSegment);

function checkRules(errors: FieldErrors, rules: readonly V1PolicyRule[], namespaced: boolean): void {
  for (const [index, { verbs, nonResourceURLs, apiGroups, resources, resourceNames }] of rules.entries()) {
    const path = `rules[${index}]`;
    const field = `${path}.nonResourceURLs`;
    if (!verbs?.length) errors.required(`${path}.verbs`, 'verbs must contain at least one value');
    if (nonResourceURLs?.length) {
      if (namespaced) errors.invalid(field, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
      if (apiGroups?.length || resources?.length || resourceNames?.length)
        errors.invalid(field, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
      continue;
    }
    if (!apiGroups?.length) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
    if (!resources?.length) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  }
}

function checkAggregation(errors: FieldErrors, rule: V1ClusterRole['aggregationRule']): void {
  if (rule === undefined) return;
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) errors.required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
  for (const [index, selector] of selectors.entries()) checkLabelSelector(errors, `${field}[${index}]`, selector);
}

function checkBinding(errors: FieldErrors, { roleRef, subjects }: Binding, old: Binding | undefined, kinds: readonly string[]): void {
  if (roleRef?.apiGroup !== GROUP) errors.notSupported('roleRef.apiGroup', roleRef?.apiGroup ?? '', [GROUP]);
  if (!kinds.includes(roleRef?.kind ?? '')) errors.notSupported('roleRef.kind', roleRef?.kind ?? '', kinds);
  if (!roleRef?.name) errors.required('roleRef.name');
  else checkText(errors, 'roleRef.name', roleRef.name, pathSegment);
  for (const [index, subject] of (subjects ?? []).entries()) checkSubject(errors, `subjects[${index}]`, subject, kinds.includes('Role'));
  if (old !== undefined && !isDeepStrictEqual({ ...roleRef }, { ...old.roleRef })) errors.invalid('roleRef', roleRef ?? null, 'cannot change roleRef');
}

function checkSubject(errors: FieldErrors, path: string, { kind, name, namespace, apiGroup = '' }: RbacV1Subject, namespaced: boolean): void {
  if (!name) errors.required(`${path}.name`);
  if (kind === 'ServiceAccount') {
    if (name) checkText(errors, `${path}.name`, name, dnsSubdomain);
    if (apiGroup !== '') errors.notSupported(`${path}.apiGroup`, apiGroup, ['']);
    if (!namespaced && !namespace) errors.required(`${path}.namespace`);
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== GROUP) errors.notSupported(`${path}.apiGroup`, apiGroup, [GROUP]);
  } else errors.notSupported(`${path}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group']);
}

function defaultBinding(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= GROUP;
  for (const subject of binding.subjects ?? []) if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
}

const subjectsText =
  (kind: string) =>
  ({ subjects = [] }: Binding) =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map(({ namespace, name }) => (kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name))
      .join(', ');
const bindingColumns: readonly Column[] = [
  nameColumn,
  column<Binding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  column<Binding>('Users', subjectsText('User'), 1),
  column<Binding>('Groups', subjectsText('Group'), 1),
  column<Binding>('ServiceAccounts', subjectsText('ServiceAccount'), 1),
];
export const ROLE = strategy<V1Role>({ validateName, validate: (errors, { rules }) => checkRules(errors, rules ?? [], true) });
export const CLUSTER_ROLE = strategy<V1ClusterRole>({
  validateName,
  validate: (errors, { rules, aggregationRule }) => {
    checkRules(errors, rules ?? [], false);
    checkAggregation(errors, aggregationRule);
  },
});
export const ROLE_BINDING = strategy<V1RoleBinding>({
  setDefaults: defaultBinding,
  validateName,
  validate: (errors, binding, old) => checkBinding(errors, binding, old, ['Role', 'ClusterRole']),
  columns: bindingColumns,
});
export const CLUSTER_ROLE_BINDING = strategy<V1ClusterRoleBinding>({
  setDefaults: defaultBinding,
  validateName,
  validate: (errors, binding, old) => checkBinding(errors, binding, old, ['ClusterRole']),
  columns: bindingColumns,
});
