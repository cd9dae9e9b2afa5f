import type { V1ResourceQuota, V1ResourceQuotaSpec, V1ScopedResourceSelectorRequirement } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkAmount, checkResourceName, isQuotaName } from '../../validation/pod-spec/resource-names.ts';
import { strategy } from '../strategy.ts';

const POD_SCOPES = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity'];
const SCOPES = [...POD_SCOPES, 'BestEffort', 'VolumeAttributesClass'];
/** Scopes that a Pod is in or isn't: there are no values to them. */
const PLAIN_SCOPES = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const COMPUTE = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function validate(errors: FieldErrors, { spec = {} }: V1ResourceQuota, old?: V1ResourceQuota): void {
  checkAmounts(errors, 'spec.hard', spec.hard);
  checkScopes(errors, 'spec.scopes', spec);
  checkSelector(errors, 'spec.scopeSelector.matchExpressions', spec);
  if (old === undefined) return;
  const [now, before] = [new Set(spec.scopes), new Set(old.spec?.scopes)];
  if (now.size !== before.size || [...now].some((scope) => !before.has(scope))) errors.invalid('spec.scopes', spec.scopes ?? null, 'field is immutable');
}

function validateStatus(errors: FieldErrors, { status }: V1ResourceQuota): void {
  checkAmounts(errors, 'status.hard', status?.hard);
  checkAmounts(errors, 'status.used', status?.used);
}

function checkAmounts(errors: FieldErrors, path: string, amounts: Readonly<Record<string, string>> = {}): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const field = `${path}[${name}]`;
    const isName = checkResourceName(errors, field, name);
    if (isName && !name.includes('/') && !isQuotaName(name)) errors.invalid(field, name, 'must be a standard resource for quota');
    checkAmount(errors, field, name, amount);
  }
}

/** Whether a scope can narrow what a resource counts. */
function fits(scope: string, name: string): boolean {
  if (POD_SCOPES.includes(scope)) return name === 'pods' || COMPUTE.includes(name);
  if (scope === 'BestEffort') return name === 'pods';
  return scope !== 'VolumeAttributesClass' || name === 'persistentvolumeclaims' || name === 'requests.storage';
}

function checkFits(errors: FieldErrors, field: string, scope: string, { hard = {} }: V1ResourceQuotaSpec, shown: unknown): void {
  for (const name of Object.keys(hard).sort())
    if (isQuotaName(name) && !fits(scope, name)) errors.invalid(field, shown, 'unsupported scope applied to resource');
}

function checkScopes(errors: FieldErrors, field: string, spec: V1ResourceQuotaSpec): void {
  const { scopes = [] } = spec;
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.invalid(field, scopes, 'unsupported scope');
    checkFits(errors, field, scope, spec, scopes);
  }
  for (const pair of CONFLICTS) if (pair.every((scope) => scopes.includes(scope))) errors.invalid(field, scopes, 'conflicting scopes');
}

function checkSelector(errors: FieldErrors, path: string, spec: V1ResourceQuotaSpec): void {
  const expressions = spec.scopeSelector?.matchExpressions ?? [];
  for (const expression of expressions) {
    const { scopeName = '' } = expression;
    if (!SCOPES.includes(scopeName)) errors.invalid(`${path}.scopeName`, scopeName, 'unsupported scope');
    checkFits(errors, path, scopeName, spec, spec.scopeSelector);
    checkOperator(errors, path, expression);
  }
  const named = new Set(expressions.map(({ scopeName }) => scopeName));
  for (const pair of CONFLICTS) if (pair.every((scope) => named.has(scope))) errors.invalid(path, spec.scopes ?? null, 'conflicting scopes');
}

function checkOperator(errors: FieldErrors, path: string, { scopeName, operator = '', values = [] }: V1ScopedResourceSelectorRequirement): void {
  if (PLAIN_SCOPES.includes(scopeName) && operator !== 'Exists')
    errors.invalid(
      `${path}.operator`,
      operator,
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
    );
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  } else errors.invalid(`${path}.operator`, operator, 'not a valid selector operator');
}

/** `pods: 1/10, …`: how much of what is limited is taken. */
function usageText({ status }: V1ResourceQuota, isLimit: boolean): string {
  const { hard = {}, used = {} } = status ?? {};
  const names = Object.keys(hard).filter((name) => name.startsWith('limits.') === isLimit);
  return names
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

export const RESOURCE_QUOTA = strategy<V1ResourceQuota>({
  prepareCreate: (quota) => {
    quota.status = {};
  },
  validate,
  validateStatus,
  columns: [
    nameColumn,
    column<V1ResourceQuota>('Request', (quota) => usageText(quota, false)),
    column<V1ResourceQuota>('Limit', (quota) => usageText(quota, true)),
    ageColumn,
  ],
});
