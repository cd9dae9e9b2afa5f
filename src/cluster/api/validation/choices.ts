import type { FieldErrors } from './field-errors.ts';

/** One of the words that there are; `required` says that it must be there. */
export function checkChoice(errors: FieldErrors, field: string, value: string | undefined, choices: readonly string[], required: boolean): void {
  if (value === undefined || (required && value === '')) {
    if (required) errors.required(field);
  } else if (!choices.includes(value)) errors.notSupported(field, value, choices);
}
