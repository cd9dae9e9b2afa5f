import type { V1ConfigMap } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { configKey } from '../../validation/pod-spec/formats.ts';
import { checkText } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkFrozen, DATA_BYTES_MAX } from './data-rules.ts';

function validate(errors: FieldErrors, configMap: V1ConfigMap, old?: V1ConfigMap): void {
  const { data = {}, binaryData = {} } = configMap;
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    checkText(errors, `data[${key}]`, key, configKey);
    if (Object.hasOwn(binaryData, key)) errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += Buffer.byteLength(text);
  }
  for (const [key, text] of Object.entries(binaryData)) {
    checkText(errors, `binaryData[${key}]`, key, configKey);
    bytes += Buffer.byteLength(text, 'base64');
  }
  // It is the whole object that is too long.
  if (bytes > DATA_BYTES_MAX) errors.tooLong('[]', DATA_BYTES_MAX);
  checkFrozen(errors, configMap, old, ['data', 'binaryData']);
}

export const CONFIG_MAP = strategy<V1ConfigMap>({
  validate,
  columns: [
    nameColumn,
    column<V1ConfigMap>('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn,
  ],
});
