import type { V1ControllerRevision } from '../../generated/types.ts';
import { isRecord } from '../../schema/is-record.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkNotNegative } from '../../validation/numbers.ts';
import { checkKept } from '../../validation/same.ts';
import { strategy } from '../strategy.ts';

function validate(errors: FieldErrors, { revision, data }: V1ControllerRevision, old?: V1ControllerRevision): void {
  checkNotNegative(errors, 'revision', revision);
  if (old !== undefined) checkKept(errors, 'data', data, old.data);
  else if (data === undefined || data === null) errors.required('data', 'data is mandatory');
  else if (!isRecord(data)) errors.required('data', 'data must be a valid JSON object');
}

/** `statefulset.apps/web`: what it is a revision of. */
function controllerText({ metadata }: V1ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner === undefined) return '<none>';
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : '';
  return `${owner.kind}${group ? `.${group}` : ''}`.toLowerCase().concat('/', owner.name);
}

export const CONTROLLER_REVISION = strategy<V1ControllerRevision>({
  setDefaults: (one) => {
    // A revision that is not said is the number that it has on the wire.
    one.revision ??= 0;
  },
  validate,
  columns: [
    nameColumn,
    column<V1ControllerRevision>('Controller', controllerText),
    column<V1ControllerRevision>('Revision', ({ revision }) => revision),
    ageColumn,
  ],
});
