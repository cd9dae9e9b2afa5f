import type { V1Lease } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { NEGATIVE_WORDS } from '../../validation/numbers.ts';
import { checkText, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const OLDEST = 'OldestEmulationVersion';

/** How one of several is chosen. */
function checkStrategy(errors: FieldErrors, field: string, name: string): void {
  if (name.includes('/')) checkText(errors, field, name, qualifiedName);
  else if (name !== OLDEST) errors.notSupported(field, name, [OLDEST]);
}

function validateLease(errors: FieldErrors, { spec = {} }: V1Lease): void {
  const { leaseDurationSeconds, leaseTransitions, strategy: chosen, preferredHolder } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0');
  if (leaseTransitions !== undefined && leaseTransitions < 0) errors.invalid('spec.leaseTransitions', leaseTransitions, NEGATIVE_WORDS);
  if (chosen !== undefined) checkStrategy(errors, 'spec.strategy.strategy', chosen);
  if (preferredHolder && !chosen) errors.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
}

export const LEASE = strategy<V1Lease>({
  validate: validateLease,
  columns: [nameColumn, column<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
});
