import type { V1MutatingAdmissionPolicyBinding, V1ParamRef, V1ValidatingAdmissionPolicyBinding } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn, selectorText } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, dnsSubdomain, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { NOT_EVALUATED } from './admission-policy.ts';
import { checkMatchResources, defaultMatchResources } from './match-rules.ts';

type Binding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND = ['Deny', 'Allow'];
const EXCLUSIVE = 'name and selector are mutually exclusive';

function checkCommon(errors: FieldErrors, { spec }: Binding): void {
  if (!spec?.policyName) errors.required('spec.policyName');
  else checkText(errors, 'spec.policyName', spec.policyName, dnsSubdomain);
  if (spec?.paramRef !== undefined) checkParam(errors, 'spec.paramRef', spec.paramRef);
  if (spec?.matchResources !== undefined) checkMatchResources(errors, 'spec.matchResources', spec.matchResources);
}

function checkParam(errors: FieldErrors, path: string, { name, selector, parameterNotFoundAction }: V1ParamRef): void {
  if (name) checkText(errors, `${path}.name`, name, pathSegment);
  if (name && selector !== undefined) errors.forbidden(`${path}.name`, EXCLUSIVE);
  if (selector !== undefined) checkLabelSelector(errors, `${path}.selector`, selector);
  if (name && selector !== undefined) errors.forbidden(`${path}.selector`, EXCLUSIVE);
  if (!name && selector === undefined) errors.required(path, 'one of name or selector must be specified');
  checkChoice(errors, `${path}.parameterNotFoundAction`, parameterNotFoundAction, NOT_FOUND, true);
}

function checkActions(errors: FieldErrors, field: string, actions: readonly string[]): void {
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) errors.notSupported(`${field}[${index}]`, action, ACTIONS);
    if (actions.indexOf(action) < index) errors.duplicate(`${field}[${index}]`, action);
  }
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.invalid(
      field,
      actions,
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    );
  if (actions.length === 0) errors.required(field, 'at least one validation action is required');
}

function paramText({ spec }: Binding): string {
  const { name, namespace, selector } = spec?.paramRef ?? {};
  if (name) return `${namespace || '*'}/${name}`;
  return selector === undefined ? '<unset>' : selectorText(selector);
}
const columns: readonly Column[] = [
  nameColumn,
  column<Binding>('PolicyName', ({ spec }) => spec?.policyName ?? ''),
  column<Binding>('ParamRef', paramText),
  ageColumn,
];
const common = {
  counted: true,
  warnings: () => [NOT_EVALUATED],
  columns,
  setDefaults: ({ spec }: Binding) => defaultMatchResources(spec?.matchResources),
} as const;

export const VALIDATING_POLICY_BINDING = strategy<V1ValidatingAdmissionPolicyBinding>({
  ...common,
  validate: (errors, binding) => {
    checkCommon(errors, binding);
    checkActions(errors, 'spec.validationActions', binding.spec?.validationActions ?? []);
  },
});
export const MUTATING_POLICY_BINDING = strategy<V1MutatingAdmissionPolicyBinding>({ ...common, validate: checkCommon });
