import { isDeepStrictEqual } from 'node:util';
import type { FieldErrors } from '../../validation/field-errors.ts';

export const DATA_BYTES_MAX = 1024 * 1024;

interface Frozen {
  readonly immutable?: boolean;
}

/** Once immutable, an object stays so, and these fields stay what they are. */
export function checkFrozen<T extends Frozen>(errors: FieldErrors, object: T, old: T | undefined, fields: readonly (keyof T & string)[]): void {
  if (old?.immutable !== true) return;
  const why = 'field is immutable when `immutable` is set';
  if (object.immutable !== true) errors.forbidden('immutable', why);
  for (const field of fields) if (!isDeepStrictEqual(object[field], old[field])) errors.forbidden(field, why);
}
