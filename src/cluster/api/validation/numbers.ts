import type { FieldErrors } from './field-errors.ts';

export function checkNotNegative(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.invalid(field, value, 'must be greater than or equal to 0');
}

export function checkPort(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value === undefined) errors.required(field);
  else if (!Number.isInteger(value) || value < 1 || value > 65_535) errors.invalid(field, value, 'must be between 1 and 65535, inclusive');
}

/** A count or a percentage. */
export function checkIntOrPercent(errors: FieldErrors, field: string, value: number | string | undefined): void {
  if (value === undefined) return;
  const fits = typeof value === 'number' ? value >= 0 : /^\d+%$/.test(value);
  if (!fits)
    errors.invalid(
      field,
      value,
      typeof value === 'number'
        ? 'must be greater than or equal to 0'
        : "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', or '93%')",
    );
}
