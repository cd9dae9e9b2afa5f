import type { V1Condition } from '../generated/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkText, qualifiedName } from './text-formats.ts';

const STATES = ['False', 'True', 'Unknown'];
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;

/** meta/v1 Conditions of a status: each type once, each with what readers rely on. */
export function checkConditions(errors: FieldErrors, field: string, conditions: readonly V1Condition[] = []): void {
  const types = conditions.map(({ type }) => type);
  for (const [index, condition] of conditions.entries()) {
    const path = `${field}[${index}]`;
    if (types.indexOf(condition.type) < index) errors.duplicate(`${path}.type`, condition.type);
    checkCondition(errors, path, condition);
  }
}

function checkCondition(errors: FieldErrors, path: string, condition: V1Condition): void {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition;
  checkText(errors, `${path}.type`, type, qualifiedName);
  if (!STATES.includes(status)) errors.notSupported(`${path}.status`, status, STATES);
  if (observedGeneration < 0) errors.invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero');
  if (!lastTransitionTime) errors.required(`${path}.lastTransitionTime`);
  if (reason === '') errors.required(`${path}.reason`);
  else if (!new RegExp(`^${REASON}$`).test(reason))
    errors.invalid(
      `${path}.reason`,
      reason,
      `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON}')`,
    );
  if (Buffer.byteLength(reason) > REASON_BYTES_MAX) errors.tooLong(`${path}.reason`, REASON_BYTES_MAX);
  if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) errors.tooLong(`${path}.message`, MESSAGE_BYTES_MAX);
}
