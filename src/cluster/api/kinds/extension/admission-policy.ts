import type {
  V1AuditAnnotation,
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicySpec,
  V1Mutation,
  V1ParamKind,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicySpec,
  V1Validation,
  V1Variable,
} from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkMatchConditions, checkMatchResources, defaultMatchResources, FAILURE_POLICIES } from './match-rules.ts';

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;
type Spec = V1ValidatingAdmissionPolicySpec | V1MutatingAdmissionPolicySpec;
export const NOT_EVALUATED = 'admission policies are stored, but this server does not evaluate them yet: their expressions are not compiled';
const ANNOTATIONS_MAX = 20;
const ANNOTATION_BYTES_MAX = 5 * 1024;
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];
const REINVOCATIONS = ['IfNeeded', 'Never'];
const MUTATED = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const LABEL_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const RESERVED = new Set('true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '));

function setDefaults({ spec }: Policy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= 'Fail';
  defaultMatchResources(spec.matchConstraints);
}

function checkCommon(errors: FieldErrors, spec: Spec): void {
  checkChoice(errors, 'spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES, true);
  if (spec.paramKind !== undefined) checkParamKind(errors, 'spec.paramKind', spec.paramKind);
  if (spec.matchConstraints === undefined) errors.required('spec.matchConstraints');
  else {
    checkMatchResources(errors, 'spec.matchConstraints', spec.matchConstraints);
    if (!spec.matchConstraints.resourceRules?.length) errors.required('spec.matchConstraints.resourceRules');
  }
  checkMatchConditions(errors, 'spec.matchConditions', spec.matchConditions);
  for (const [index, variable] of (spec.variables ?? []).entries()) checkVariable(errors, `spec.variables[${index}]`, variable);
}

function checkParamKind(errors: FieldErrors, path: string, { apiVersion = '', kind = '' }: V1ParamKind): void {
  const isLabel = (text: string) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(text);
  const parts = apiVersion.split('/');
  const [group, version = ''] = parts.length === 1 ? ['', parts[0]] : [parts[0] ?? '', parts[1]];
  if (apiVersion === '') errors.required(`${path}.apiVersion`);
  else if (parts.length > 2) errors.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else {
    if (group !== '' && dnsSubdomain(group).length > 0) errors.invalid(`${path}.apiVersion`, group, dnsSubdomain(group).join(','));
    if (version === '') errors.invalid(`${path}.apiVersion`, apiVersion, 'version must be specified');
    else if (!isLabel(version)) errors.invalid(`${path}.apiVersion`, version, LABEL_1035);
  }
  if (kind === '') errors.required(`${path}.kind`);
  else if (!isLabel(kind.toLowerCase())) errors.invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${LABEL_1035}`);
}

function checkVariable(errors: FieldErrors, path: string, { name = '', expression = '' }: V1Variable): void {
  if (name.trim() === '') errors.required(`${path}.name`, 'name is not specified');
  else if (!/^[_a-zA-Z]\w*$/.test(name) || RESERVED.has(name)) errors.invalid(`${path}.name`, name, 'must be a valid CEL identifier');
  if (expression.trim() === '') errors.required(`${path}.expression`, 'expression is not specified');
}

function checkValidating(errors: FieldErrors, { metadata, spec }: V1ValidatingAdmissionPolicy): void {
  if (spec === undefined) return errors.required('spec');
  checkCommon(errors, spec);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0)
    for (const field of ['validations', 'auditAnnotations']) errors.required(`spec.${field}`, 'validations or auditAnnotations must contain at least one item');
  for (const [index, one] of validations.entries()) checkValidation(errors, `spec.validations[${index}]`, one);
  if (auditAnnotations.length > ANNOTATIONS_MAX)
    errors.invalid('spec.auditAnnotations', auditAnnotations, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`);
  const keys = auditAnnotations.map(({ key }) => key);
  for (const [index, one] of auditAnnotations.entries()) {
    checkAnnotation(errors, `spec.auditAnnotations[${index}]`, one, metadata.name ?? '');
    if (keys.indexOf(one.key) < index) errors.duplicate(`spec.auditAnnotations[${index}].key`, one.key);
  }
}

function checkValidation(errors: FieldErrors, path: string, { expression = '', message = '', messageExpression = '', reason }: V1Validation): void {
  const blank = (text: string) => text !== '' && text.trim() === '';
  if (expression.trim() === '') errors.required(`${path}.expression`, 'expression is not specified');
  if (blank(messageExpression)) errors.invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified');
  if (blank(message)) errors.invalid(`${path}.message`, message, 'must be non-empty if specified');
  else if (/[\n\r]/.test(message.trim())) errors.invalid(`${path}.message`, message, 'must not contain line breaks');
  if (reason !== undefined && !REASONS.includes(reason)) errors.notSupported(`${path}.reason`, reason, REASONS);
}

function checkAnnotation(errors: FieldErrors, path: string, { key = '', valueExpression = '' }: V1AuditAnnotation, policy: string): void {
  if (policy === '') errors.invalid(`${path}.key`, key, 'requires metadata.name be non-empty');
  else checkText(errors, `${path}.key`, `${policy}/${key}`, qualifiedName);
  const text = valueExpression.trim();
  if (text === '') errors.required(`${path}.valueExpression`, 'valueExpression is not specified');
  else if (Buffer.byteLength(text) > ANNOTATION_BYTES_MAX)
    errors.required(`${path}.valueExpression`, `must not exceed ${ANNOTATION_BYTES_MAX} bytes in length`);
}

function checkMutating(errors: FieldErrors, { spec }: V1MutatingAdmissionPolicy): void {
  if (spec === undefined) return errors.required('spec');
  checkCommon(errors, spec);
  for (const { operations = [] } of spec.matchConstraints?.resourceRules ?? [])
    for (const operation of operations)
      if (!MUTATED.includes(operation)) errors.notSupported('spec.matchConstraints.resourceRules.operations', operation, MUTATED);
  const { mutations = [], reinvocationPolicy } = spec;
  if (mutations.length === 0) errors.required('spec.mutations', 'mutations must contain at least one item');
  for (const [index, mutation] of mutations.entries()) checkMutation(errors, `spec.mutations[${index}]`, mutation);
  checkChoice(errors, 'spec.reinvocationPolicy', reinvocationPolicy, REINVOCATIONS, true);
}

function checkMutation(errors: FieldErrors, path: string, { patchType, applyConfiguration, jsonPatch }: V1Mutation): void {
  checkChoice(errors, `${path}.patchType`, patchType, PATCH_TYPES, true);
  const parts = { applyConfiguration, jsonPatch };
  const wanted = patchType === 'ApplyConfiguration' ? 'applyConfiguration' : 'jsonPatch';
  if (!PATCH_TYPES.includes(patchType)) return;
  for (const field of ['applyConfiguration', 'jsonPatch'] as const) {
    const part = parts[field];
    if (field !== wanted) {
      if (part !== undefined) errors.invalid(`${path}.${field}`, `{${field}}`, `must not be specified when patchType is ${patchType}`);
    } else if (part === undefined) errors.required(`${path}.${field}`, `must be specified when patchType is ${patchType}`);
    else if (!part.expression?.trim()) errors.required(`${path}.${field}.expression`);
  }
}

const kindText = ({ spec }: Policy) => (spec?.paramKind === undefined ? '<unset>' : `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}`);
const columnsOf = (count: Column): readonly Column[] => [nameColumn, count, column<Policy>('ParamKind', kindText), ageColumn];

export const VALIDATING_POLICY = strategy<V1ValidatingAdmissionPolicy>({
  counted: true,
  setDefaults,
  prepareCreate: (policy) => {
    policy.status = {};
  },
  validate: checkValidating,
  warnings: () => [NOT_EVALUATED],
  columns: columnsOf(column<V1ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec?.validations?.length ?? 0, 0, 'integer')),
});
export const MUTATING_POLICY = strategy<V1MutatingAdmissionPolicy>({
  counted: true,
  setDefaults,
  validate: checkMutating,
  warnings: () => [NOT_EVALUATED],
  columns: columnsOf(column<V1MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec?.mutations?.length ?? 0, 0, 'integer')),
});
