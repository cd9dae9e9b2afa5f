import type { V1Namespace } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelName, checkQualifiedName } from '../../validation/names.ts';
import { strategy } from '../strategy.ts';

const OWN_FINALIZER = 'kubernetes';
const STANDARD_FINALIZERS = [OWN_FINALIZER, 'orphan', 'foregroundDeletion'];
const NAME_LABEL = 'kubernetes.io/metadata.name';

function setDefaults(namespace: V1Namespace): void {
  const { name } = namespace.metadata;
  if (name !== undefined) namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: name };
}

function validate(errors: FieldErrors, { spec }: V1Namespace): void {
  for (const finalizer of spec?.finalizers ?? []) {
    checkQualifiedName(errors, 'spec.finalizers', finalizer);
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.includes(finalizer))
      errors.invalid('spec.finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}

function validateStatus(errors: FieldErrors, { metadata, status }: V1Namespace): void {
  const phase = status?.phase ?? 'Active';
  const isGoing = metadata.deletionTimestamp !== undefined;
  if (!isGoing && phase !== 'Active') errors.invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty");
  if (isGoing && phase !== 'Terminating') errors.invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
}

export const NAMESPACE = strategy<V1Namespace>({
  setDefaults,
  prepareCreate: (namespace) => {
    namespace.status = { phase: 'Active' };
    namespace.spec = { ...namespace.spec, finalizers: [...new Set([...(namespace.spec?.finalizers ?? []), OWN_FINALIZER])] };
  },
  // They are taken off by a request of its own.
  prepareUpdate: (namespace, old) => {
    const { finalizers: _, ...rest } = namespace.spec ?? {};
    namespace.spec = { ...rest, ...(old.spec?.finalizers && { finalizers: old.spec.finalizers }) };
  },
  validateName: checkLabelName,
  validate,
  validateStatus,
  columns: [nameColumn, column<V1Namespace>('Status', ({ status }) => status?.phase ?? ''), ageColumn],
});
