import type { FieldErrors } from './field-errors.ts';
import { checkText, percent } from './text-formats.ts';

export const NEGATIVE_WORDS = 'must be greater than or equal to 0';

export function checkNotNegative(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.invalid(field, value, NEGATIVE_WORDS);
}

/** Each of these fields of `of`, where it is there. */
export function checkNoneNegative<K extends string>(
  errors: FieldErrors,
  path: string,
  of: Readonly<Partial<Record<NoInfer<K>, number>>>,
  fields: readonly K[],
): void {
  for (const field of fields) checkNotNegative(errors, `${path}.${field}`, of[field]);
}

export function checkInRange(errors: FieldErrors, field: string, value: number | undefined, low: number, high: number): void {
  if (value !== undefined && (value < low || value > high)) errors.invalid(field, value, `must be between ${low} and ${high}, inclusive`);
}

export function checkPort(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value === undefined) errors.required(field);
  else if (!Number.isInteger(value) || value < 1 || value > 65_535) errors.invalid(field, value, 'must be between 1 and 65535, inclusive');
}

/** A count or a percentage. */
export function checkIntOrPercent(errors: FieldErrors, field: string, value: number | string | undefined): void {
  if (typeof value === 'string') checkText(errors, field, value, percent);
  else checkNotNegative(errors, field, value);
}

/** A percentage is of the whole at most. */
export function checkAtMostAll(errors: FieldErrors, field: string, value: number | string | undefined): void {
  if (typeof value === 'string' && percent(value).length === 0 && Number.parseInt(value, 10) > 100)
    errors.invalid(field, value, 'must not be greater than 100%');
}

/** The number of a count or a percentage, 0 for what is neither. */
export function amountOf(value: number | string | undefined): number {
  return typeof value === 'number' ? value : Number.parseInt(value ?? '', 10) || 0;
}
