import { isDeepStrictEqual } from 'node:util';
import type { FlowcontrolV1Subject, V1FlowSchema, V1NonResourcePolicyRule, V1PolicyRulesWithSubjects, V1ResourcePolicyRule } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { FIXED_SCHEMAS } from './flow-bootstrap.ts';

const PRECEDENCE_DEFAULT = 1_000;
const PRECEDENCE_MAX = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];
const KINDS = ['Group', 'ServiceAccount', 'User'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const LABEL_INTRO = "each member of this list must be '*' or a DNS-1123 label; ";

function validate(errors: FieldErrors, { metadata, spec, status }: V1FlowSchema): void {
  const { name = '' } = metadata;
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec ?? {};
  const field = 'spec.matchingPrecedence';
  if (precedence <= 0) errors.invalid(field, precedence, 'must be a positive value');
  if (precedence > PRECEDENCE_MAX) errors.invalid(field, precedence, `must not be greater than ${PRECEDENCE_MAX}`);
  if (precedence === 1 && name !== 'exempt') errors.invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  if (distinguisherMethod !== undefined && !METHODS.includes(distinguisherMethod.type))
    errors.notSupported('spec.distinguisherMethod.type', { Type: distinguisherMethod.type }, METHODS);
  const level = priorityLevelConfiguration?.name;
  if (level) checkText(errors, 'spec.priorityLevelConfiguration.name', level, dnsSubdomain);
  else errors.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  for (const [index, rule] of rules.entries()) checkRule(errors, `spec.rules[${index}]`, rule);
  const fixed = FIXED_SCHEMAS[name];
  if (fixed !== undefined && !isDeepStrictEqual({ ...spec }, { ...fixed }))
    errors.invalid('spec', spec ?? null, `spec of '${name}' must equal the fixed value`);
  checkFlowConditions(errors, status?.conditions ?? []);
}

/** Conditions with a type, each once. */
export function checkFlowConditions(errors: FieldErrors, conditions: readonly { type?: string }[]): void {
  const types = conditions.map(({ type }) => type ?? '');
  for (const [index, type] of types.entries()) {
    if (types.indexOf(type) < index) errors.duplicate(`status.conditions[${index}].type`, type);
    if (type === '') errors.required(`status.conditions[${index}].type`);
  }
}

function checkRule(errors: FieldErrors, path: string, { subjects, resourceRules = [], nonResourceRules = [] }: V1PolicyRulesWithSubjects): void {
  if (!subjects?.length) errors.required(`${path}.subjects`, 'subjects must contain at least one value');
  for (const [index, subject] of (subjects ?? []).entries()) checkSubject(errors, `${path}.subjects[${index}]`, subject);
  if (resourceRules.length + nonResourceRules.length === 0) errors.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  for (const [index, rule] of resourceRules.entries()) checkResourceRule(errors, `${path}.resourceRules[${index}]`, rule);
  for (const [index, rule] of nonResourceRules.entries()) checkPathRule(errors, `${path}.nonResourceRules[${index}]`, rule);
}

function checkSubject(errors: FieldErrors, path: string, subject: FlowcontrolV1Subject): void {
  const fields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
  const { kind } = subject;
  if (kind !== 'ServiceAccount' && kind !== 'User' && kind !== 'Group') return errors.notSupported(`${path}.kind`, kind ?? '', KINDS);
  const field = fields[kind];
  const own = subject[field];
  if (own === undefined) errors.required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`);
  else checkNamed(errors, `${path}.${field}`, own.name, 'namespace' in own ? own.namespace : undefined, kind === 'ServiceAccount');
  for (const [other, name] of Object.entries(fields))
    if (other !== kind && subject[name] !== undefined) errors.forbidden(`${path}.${name}`, `${name} is forbidden when subject kind is not '${other}'`);
}

function checkNamed(errors: FieldErrors, path: string, name: string | undefined, namespace: string | undefined, isAccount: boolean): void {
  if (!name) errors.required(`${path}.name`);
  else if (isAccount && name !== '*') checkText(errors, `${path}.name`, name, dnsSubdomain);
  if (!isAccount) return;
  if (namespace) checkText(errors, `${path}.namespace`, namespace, dnsLabel);
  else errors.required(`${path}.namespace`, 'must specify namespace for service account');
}

/** `*` stands alone. */
function checkAlone(errors: FieldErrors, field: string, values: readonly string[], what: string): void {
  if (values.length > 1 && values.includes('*')) errors.invalid(field, values, `if '*' is present, must not specify other ${what}`);
}

function checkVerbs(errors: FieldErrors, field: string, verbs: readonly string[] = []): void {
  if (verbs.length === 0) errors.required(field, 'verbs must contain at least one value');
  else if (verbs.includes('*')) checkAlone(errors, field, verbs, 'verbs');
  else if (!verbs.every((verb) => VERBS.includes(verb))) errors.notSupported(field, verbs, VERBS);
}

function checkResourceRule(errors: FieldErrors, path: string, rule: V1ResourcePolicyRule): void {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope } = rule;
  checkVerbs(errors, `${path}.verbs`, rule.verbs);
  if (apiGroups.length === 0) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  checkAlone(errors, `${path}.apiGroups`, apiGroups, 'api groups');
  if (resources.length === 0) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  checkAlone(errors, `${path}.resources`, resources, 'resources');
  const field = `${path}.namespaces`;
  if (namespaces.length === 0 && !clusterScope) errors.required(field, 'resource rules that are not cluster scoped must supply at least one namespace');
  else if (namespaces.includes('*')) checkAlone(errors, field, namespaces, 'namespaces');
  else for (const [index, one] of namespaces.entries()) checkText(errors, `${field}[${index}]`, one, (text) => dnsLabel(text).map((why) => LABEL_INTRO + why));
}

function checkPathRule(errors: FieldErrors, path: string, { verbs, nonResourceURLs = [] }: V1NonResourcePolicyRule): void {
  const field = `${path}.nonResourceURLs`;
  checkVerbs(errors, `${path}.verbs`, verbs);
  if (nonResourceURLs.length === 0) errors.required(field, 'nonResourceURLs must contain at least one value');
  else if (nonResourceURLs.includes('*')) checkAlone(errors, field, nonResourceURLs, 'non-resource URLs');
  else for (const [index, url] of nonResourceURLs.entries()) checkText(errors, `${field}[${index}]`, url, (text) => [urlProblem(text) ?? []].flat());
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

export const FLOW_SCHEMA = strategy<V1FlowSchema>({
  counted: true,
  setDefaults: ({ spec }) => {
    if (spec) spec.matchingPrecedence ||= PRECEDENCE_DEFAULT;
  },
  prepareCreate: (schema) => {
    schema.status = {};
  },
  validate,
  validateStatus: (errors, { status }) => checkFlowConditions(errors, status?.conditions ?? []),
  columns: [
    nameColumn,
    column<V1FlowSchema>('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration.name ?? ''),
    column<V1FlowSchema>('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
    column<V1FlowSchema>('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    column<V1FlowSchema>('MissingPL', ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
  ],
});
