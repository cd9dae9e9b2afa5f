import { isDeepStrictEqual } from 'node:util';
import type { V1PriorityClass, V1RuntimeClass, V1Toleration } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelMap } from '../../validation/selector-rules.ts';
import { checkText, dnsLabel, labelValue, qualifiedName } from '../../validation/text-formats.ts';
import { amountOf } from '../storage/changes.ts';
import { strategy } from '../strategy.ts';

/** The highest number that a class of one's own may have; the cluster's own are above it. */
const PRIORITY_MAX = 1_000_000_000;
const SYSTEM: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };
const POLICIES = ['Never', 'PreemptLowerPriority'];
const EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

function checkPriorityClass(errors: FieldErrors, { metadata, value = 0, globalDefault, preemptionPolicy }: V1PriorityClass, old?: V1PriorityClass): void {
  const { name = '' } = metadata;
  if (name.startsWith('system-')) {
    const problem = systemProblem(name, value, globalDefault === true);
    if (problem !== undefined)
      errors.forbidden('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${problem}`);
  } else if (value > PRIORITY_MAX) errors.forbidden('value', `maximum allowed value of a user defined priority is ${PRIORITY_MAX}`);
  checkChoice(errors, 'preemptionPolicy', preemptionPolicy, POLICIES, false);
  if (old === undefined) return;
  if (value !== (old.value ?? 0)) errors.forbidden('value', 'may not be changed in an update.');
  if (preemptionPolicy !== old.preemptionPolicy) errors.invalid('preemptionPolicy', preemptionPolicy ?? null, 'field is immutable');
}

function systemProblem(name: string, value: number, isDefault: boolean): string | undefined {
  const known = SYSTEM[name];
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export const PRIORITY_CLASS = strategy<V1PriorityClass>({
  setDefaults: (one) => {
    one.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  prepareCreate: ({ metadata }) => {
    metadata.generation = 1;
  },
  validate: checkPriorityClass,
  columns: [
    nameColumn,
    column<V1PriorityClass>('Value', ({ value }) => value ?? 0, 0, 'integer'),
    column<V1PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false, 0, 'boolean'),
    ageColumn,
    column<V1PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
});

function checkRuntimeClass(errors: FieldErrors, { handler = '', overhead, scheduling }: V1RuntimeClass, old?: V1RuntimeClass): void {
  if (old !== undefined) {
    if (handler !== old.handler) errors.invalid('handler', handler, 'field is immutable');
    return;
  }
  if (handler === '') errors.required('handler');
  else checkText(errors, 'handler', handler, dnsLabel);
  for (const [name, amount] of Object.entries(overhead?.podFixed ?? {})) {
    checkText(errors, `overhead.limits[${name}]`, name, qualifiedName);
    if (amountOf(amount) < 0n) errors.invalid(`overhead.limits[${name}]`, amount, 'must be greater than or equal to 0');
  }
  checkLabelMap(errors, 'scheduling.nodeSelector', scheduling?.nodeSelector);
  checkTolerations(errors, scheduling?.tolerations ?? []);
}

function checkTolerations(errors: FieldErrors, tolerations: readonly V1Toleration[]): void {
  const seen: unknown[] = [];
  for (const [index, { key = '', operator = '', value = '', effect = '', tolerationSeconds }] of tolerations.entries()) {
    const path = `scheduling.tolerations[${index}]`;
    if (key !== '') checkText(errors, `${path}.key`, key, qualifiedName);
    if (key === '' && operator !== 'Exists')
      errors.invalid(`${path}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"');
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operator === '' || operator === 'Equal') checkText(errors, `${path}.operator`, value, labelValue);
    else if (operator === 'Exists') {
      if (value !== '') errors.invalid(`${path}.operator`, { key, operator, value, effect }, "value must be empty when `operator` is 'Exists'");
    } else errors.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']);
    checkChoice(errors, `${path}.effect`, effect || undefined, EFFECTS, false);
    const one = [key, operator, value, effect];
    if (seen.some((other) => isDeepStrictEqual(other, one))) errors.duplicate(path, tolerations[index]);
    seen.push(one);
  }
}

export const RUNTIME_CLASS = strategy<V1RuntimeClass>({
  validate: checkRuntimeClass,
  columns: [nameColumn, column<V1RuntimeClass>('Handler', ({ handler }) => handler), ageColumn],
});
