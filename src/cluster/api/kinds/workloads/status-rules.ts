import type { FieldErrors } from '../../validation/field-errors.ts';

/** No count of a status above another one of it. */
export function checkNotAbove<K extends string>(
  errors: FieldErrors,
  status: Readonly<Partial<Record<NoInfer<K>, number>>>,
  fields: readonly K[],
  most: K,
  why: string,
): void {
  for (const field of fields) {
    const count = status[field] ?? 0;
    if (count > (status[most] ?? 0)) errors.invalid(`status.${field}`, count, why);
  }
}

/** How often a name was taken already is never forgotten. */
export function checkCollisions(errors: FieldErrors, now: number | undefined, before: number | undefined): void {
  if (before !== undefined && (now === undefined || now < before)) errors.invalid('status.collisionCount', now ?? 0, 'cannot be decremented');
}
