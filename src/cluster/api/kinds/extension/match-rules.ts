import type { V1MatchCondition, V1MatchResources, V1NamedRuleWithOperations, V1RuleWithOperations } from '../../generated/types.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, pathSegment, qualifiedName } from '../../validation/text-formats.ts';

export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const CONDITIONS_MAX = 64;

export function defaultRule(rule: V1RuleWithOperations): void {
  rule.scope ??= '*';
}

/** What a policy or a binding looks at, with what it looks at if nothing is said. */
export function defaultMatchResources(match: V1MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) defaultRule(rule);
}

export function checkMatchResources(errors: FieldErrors, path: string, match: V1MatchResources): void {
  checkChoice(errors, `${path}.matchPolicy`, match.matchPolicy, MATCH_POLICIES, true);
  if (match.namespaceSelector === undefined) errors.required(`${path}.namespaceSelector`);
  else checkLabelSelector(errors, `${path}.namespaceSelector`, match.namespaceSelector);
  if (match.objectSelector === undefined) errors.required(`${path}.objectSelector`);
  else checkLabelSelector(errors, `${path}.objectSelector`, match.objectSelector);
  for (const [index, rule] of (match.resourceRules ?? []).entries()) checkNamedRule(errors, `${path}.resourceRules[${index}]`, rule);
  for (const [index, rule] of (match.excludeResourceRules ?? []).entries()) checkNamedRule(errors, `${path}.excludeResourceRules[${index}]`, rule);
}

function checkNamedRule(errors: FieldErrors, path: string, rule: V1NamedRuleWithOperations): void {
  const names = rule.resourceNames ?? [];
  for (const [index, name] of names.entries()) {
    checkText(errors, `${path}.resourceNames[${index}]`, name, pathSegment);
    if (names.indexOf(name) < index) errors.duplicate(`${path}.resourceNames[${index}]`, name);
  }
  checkRule(errors, path, rule);
}

/** Which requests: operations on resources of groups and versions. */
export function checkRule(errors: FieldErrors, path: string, rule: V1RuleWithOperations): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (operations.length === 0) errors.required(`${path}.operations`);
  checkAlone(errors, `${path}.operations`, operations, 'operations');
  for (const [index, one] of operations.entries()) if (!OPERATIONS.includes(one)) errors.notSupported(`${path}.operations[${index}]`, one, OPERATIONS);
  if (apiGroups.length === 0) errors.required(`${path}.apiGroups`);
  checkAlone(errors, `${path}.apiGroups`, apiGroups, 'API groups');
  if (apiVersions.length === 0) errors.required(`${path}.apiVersions`);
  checkAlone(errors, `${path}.apiVersions`, apiVersions, 'API versions');
  for (const [index, version] of apiVersions.entries()) if (version === '') errors.required(`${path}.apiVersions[${index}]`);
  checkResources(errors, `${path}.resources`, resources);
  if (scope !== undefined && !SCOPES.includes(scope)) errors.notSupported(`${path}.scope`, scope, SCOPES);
}

function checkAlone(errors: FieldErrors, field: string, values: readonly string[], what: string): void {
  if (values.length > 1 && values.includes('*')) errors.invalid(field, values, `if '*' is present, must not specify other ${what}`);
}

function checkResources(errors: FieldErrors, field: string, resources: readonly string[]): void {
  if (resources.length === 0) errors.required(field);
  const [whole, everywhere] = [new Set<string>(), new Set<string>()];
  for (const [index, text] of resources.entries()) {
    if (text === '') errors.required(`${field}[${index}]`);
    const slash = text.indexOf('/');
    if (slash < 0) continue;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (whole.has(resource)) errors.invalid(`${field}[${index}]`, text, `if '${resource}/*' is present, must not specify ${text}`);
    if (everywhere.has(subresource)) errors.invalid(`${field}[${index}]`, text, `if '*/${subresource}' is present, must not specify ${text}`);
    if (subresource === '*') whole.add(resource);
    if (resource === '*') everywhere.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*')) errors.invalid(field, resources, "if '*/*' is present, must not specify other resources");
  if (resources.includes('*') && resources.some((text) => text !== '' && text !== '*' && !text.includes('/')))
    errors.invalid(field, resources, "if '*' is present, must not specify other resources without subresources");
}

/** Expressions that must hold, by name. */
export function checkMatchConditions(errors: FieldErrors, field: string, conditions: readonly V1MatchCondition[] = []): void {
  if (conditions.length > CONDITIONS_MAX) errors.tooMany(field, conditions.length, CONDITIONS_MAX);
  const names = conditions.map(({ name }) => name);
  for (const [index, { name, expression }] of conditions.entries()) {
    if (!expression?.trim()) errors.required(`${field}[${index}].expression`);
    if (!name) errors.required(`${field}[${index}].name`);
    else checkText(errors, `${field}[${index}].name`, name, qualifiedName);
    if (name && names.indexOf(name) < index) errors.duplicate(`${field}[${index}].name`, name);
  }
}
