import type { V1JobSpec, V1PodFailurePolicyOnExitCodesRequirement, V1PodFailurePolicyRule, V1SuccessPolicyRule } from '../../../generated/types.ts';
import { checkChoice } from '../../../validation/choices.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkNotNegative } from '../../../validation/numbers.ts';
import { checkText, qualifiedName } from '../../../validation/text-formats.ts';
import { countIndexes } from './indexes.ts';

const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const INDEXES_BYTES_MAX = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

/** A word of a list that must be there, in the words of these policies. */
function checkWord(errors: FieldErrors, field: string, word: string | undefined, words: readonly string[]): void {
  if (!word) errors.required(field, `valid values: [${words.map((one) => JSON.stringify(one)).join(' ')}]`);
  else checkChoice(errors, field, word, words, true);
}

/** What the failure of a Pod means for its Job. */
export function checkFailurePolicy(errors: FieldErrors, path: string, spec: V1JobSpec): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > RULES_MAX) errors.tooMany(`${path}.rules`, rules.length, RULES_MAX);
  for (const [index, rule] of rules.entries()) checkFailureRule(errors, `${path}.rules[${index}]`, rule, spec);
}

function checkFailureRule(errors: FieldErrors, path: string, { action, onExitCodes, onPodConditions = [] }: V1PodFailurePolicyRule, spec: V1JobSpec): void {
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set');
  else checkWord(errors, `${path}.action`, action, ACTIONS);
  if (onExitCodes) checkExitCodes(errors, `${path}.onExitCodes`, onExitCodes, spec);
  if (onPodConditions.length > RULES_MAX) errors.tooMany(`${path}.onPodConditions`, onPodConditions.length, RULES_MAX);
  for (const [index, { type = '', status }] of onPodConditions.entries()) {
    checkText(errors, `${path}.onPodConditions[${index}].type`, type, qualifiedName);
    checkWord(errors, `${path}.onPodConditions[${index}].status`, status, STATUSES);
  }
  const isBoth = onExitCodes !== undefined && onPodConditions.length > 0;
  if (isBoth) errors.wrong(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
  if (onExitCodes === undefined && onPodConditions.length === 0) errors.wrong(path, 'specifying one of OnExitCodes and OnPodConditions is required');
}

function checkExitCodes(
  errors: FieldErrors,
  path: string,
  { operator, containerName, values = [] }: V1PodFailurePolicyOnExitCodesRequirement,
  spec: V1JobSpec,
): void {
  checkWord(errors, `${path}.operator`, operator, OPERATORS);
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  if (containerName !== undefined && ![...containers, ...initContainers].some(({ name }) => name === containerName))
    errors.invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template');
  if (values.length === 0) errors.invalid(`${path}.values`, values, 'at least one value is required');
  if (values.length > EXIT_CODES_MAX) errors.tooMany(`${path}.values`, values.length, EXIT_CODES_MAX);
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.invalid(`${path}.values[${index}]`, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < index) errors.duplicate(`${path}.values[${index}]`, value);
  }
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? value) > value)) errors.invalid(`${path}.values`, values, 'must be ordered');
}

/** When a Job has succeeded before all of its indexes have. */
export function checkSuccessPolicy(errors: FieldErrors, path: string, spec: V1JobSpec): void {
  if (spec.completionMode !== 'Indexed') return errors.invalid(path, spec.successPolicy, 'requires indexed completion mode');
  const rules = spec.successPolicy?.rules ?? [];
  if (rules.length === 0) errors.required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > RULES_MAX) errors.tooMany(`${path}.rules`, rules.length, RULES_MAX);
  for (const [index, rule] of rules.entries()) checkSuccessRule(errors, `${path}.rules[${index}]`, rule, spec.completions ?? 0);
}

function checkSuccessRule(errors: FieldErrors, path: string, { succeededCount, succeededIndexes }: V1SuccessPolicyRule, completions: number): void {
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  const named = succeededIndexes === undefined ? undefined : countIndexes(succeededIndexes, completions);
  if (Buffer.byteLength(succeededIndexes ?? '') > INDEXES_BYTES_MAX) errors.tooLong(`${path}.succeededIndexes`, INDEXES_BYTES_MAX);
  if (typeof named === 'string') errors.invalid(`${path}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${named}`);
  if (succeededCount === undefined) return;
  const field = `${path}.succeededCount`;
  checkNotNegative(errors, field, succeededCount);
  if (succeededCount > completions) errors.invalid(field, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`);
  const most = typeof named === 'string' ? 0 : named;
  if (most !== undefined && succeededCount > most)
    errors.invalid(field, succeededCount, `must be less than or equal to ${most} (the number of indexes in the specified succeededIndexes field)`);
}
