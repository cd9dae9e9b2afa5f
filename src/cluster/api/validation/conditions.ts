import type { V1Condition } from '../generated/types.ts';
import { checkChoice } from './choices.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkText, qualifiedName } from './text-formats.ts';

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;

/** What a status says of an object (meta/v1 Condition), each type once. */
export function checkConditions(errors: FieldErrors, path: string, conditions: readonly V1Condition[] = []): void {
  const types = new Set<string>();
  for (const [index, { type, status, observedGeneration = 0, lastTransitionTime, reason = '', message = '' }] of conditions.entries()) {
    const here = `${path}[${index}]`;
    if (types.has(type)) errors.duplicate(`${here}.type`, type);
    types.add(type);
    checkText(errors, `${here}.type`, type ?? '', qualifiedName);
    checkChoice(errors, `${here}.status`, status || '?', ['False', 'True', 'Unknown'], true);
    if (observedGeneration < 0) errors.invalid(`${here}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero');
    if (!lastTransitionTime) errors.required(`${here}.lastTransitionTime`);
    if (reason === '') errors.required(`${here}.reason`);
    else if (!new RegExp(`^${REASON}$`).test(reason))
      errors.invalid(
        `${here}.reason`,
        reason,
        `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON}')`,
      );
    if (Buffer.byteLength(reason) > REASON_BYTES_MAX) errors.tooLong(`${here}.reason`, REASON_BYTES_MAX);
    if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) errors.tooLong(`${here}.message`, MESSAGE_BYTES_MAX);
  }
}
