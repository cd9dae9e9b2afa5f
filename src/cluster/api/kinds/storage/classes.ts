import { isDeepStrictEqual } from 'node:util';
import type { V1StorageClass, V1TopologySelectorTerm, V1VolumeAttributesClass } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const PARAMETERS_MAX = 512;
const PARAMETER_BYTES_MAX = 256 * 1024;
const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];
const IMMUTABLE = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;
const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';
const WAS_DEFAULT = 'storageclass.beta.kubernetes.io/is-default-class';

function checkProvisioner(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') errors.required(field);
  else checkText(errors, field, name.toLowerCase(), qualifiedName);
}

function checkParameters(errors: FieldErrors, parameters: Readonly<Record<string, string>> = {}): void {
  const entries = Object.entries(parameters);
  if (entries.length > PARAMETERS_MAX) return errors.tooLong('parameters', PARAMETERS_MAX);
  if (Object.hasOwn(parameters, '')) errors.invalid('parameters', '', 'field can not be empty.');
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > PARAMETER_BYTES_MAX) errors.tooLong('parameters', PARAMETER_BYTES_MAX);
}

function checkClass(errors: FieldErrors, object: V1StorageClass, old?: V1StorageClass): void {
  checkProvisioner(errors, 'provisioner', object.provisioner);
  checkParameters(errors, object.parameters);
  checkChoice(errors, 'reclaimPolicy', object.reclaimPolicy, RECLAIM, false);
  checkChoice(errors, 'volumeBindingMode', object.volumeBindingMode, BINDING, true);
  checkTopologies(errors, object.allowedTopologies ?? []);
  if (old === undefined) return;
  for (const field of IMMUTABLE)
    if (!isDeepStrictEqual(object[field] ?? null, old[field] ?? null)) errors.invalid(field, object[field] ?? null, 'field is immutable');
}

function checkTopologies(errors: FieldErrors, terms: readonly V1TopologySelectorTerm[]): void {
  const seen: unknown[] = [];
  for (const [index, { matchLabelExpressions = [] }] of terms.entries()) {
    const path = `allowedTopologies[${index}].matchLabelExpressions`;
    const wanted = new Map<string, readonly string[]>();
    for (const [at, { key = '', values = [] }] of matchLabelExpressions.entries()) {
      if (values.length === 0) errors.required(`${path}[${at}].values`);
      for (const [place, value] of values.entries()) if (values.indexOf(value) < place) errors.duplicate(`${path}[${at}].values[${place}]`, value);
      checkText(errors, `${path}[${at}].key`, key, qualifiedName);
      if (wanted.has(key)) errors.duplicate(`${path}[${at}].key`, key);
      wanted.set(key, [...new Set(values)].sort());
    }
    const term = [...wanted].sort();
    if (seen.some((other) => isDeepStrictEqual(other, term))) errors.duplicate(path, '');
    seen.push(term);
  }
}

function checkAttributes(errors: FieldErrors, { driverName, parameters = {} }: V1VolumeAttributesClass, old?: V1VolumeAttributesClass): void {
  if (old !== undefined && driverName !== old.driverName) errors.forbidden('driverName', 'updates to driverName are forbidden.');
  if (old !== undefined && !isDeepStrictEqual(parameters, old.parameters ?? {})) errors.forbidden('parameters', 'updates to parameters are forbidden.');
  checkProvisioner(errors, 'driverName', driverName);
  checkParameters(errors, parameters);
  if (Object.keys(parameters).length === 0) errors.required('parameters', 'must contain at least one key/value pair');
}

const isDefault = ({ metadata }: V1StorageClass) => [IS_DEFAULT, WAS_DEFAULT].some((name) => metadata.annotations?.[name] === 'true');
const nameOfClass = { ...column<V1StorageClass>('Name', (one) => `${one.metadata.name}${isDefault(one) ? ' (default)' : ''}`), format: 'name' };
const columns: readonly Column[] = [
  nameOfClass,
  column<V1StorageClass>('Provisioner', ({ provisioner }) => provisioner),
  column<V1StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
  column<V1StorageClass>('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
  column<V1StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  ageColumn,
];

export const STORAGE_CLASS = strategy<V1StorageClass>({
  setDefaults: (one) => {
    one.reclaimPolicy ??= 'Delete';
    one.volumeBindingMode ??= 'Immediate';
  },
  validate: checkClass,
  columns,
});

export const VOLUME_ATTRIBUTES_CLASS = strategy<V1VolumeAttributesClass>({
  validate: checkAttributes,
  columns: [nameColumn, column<V1VolumeAttributesClass>('DriverName', ({ driverName }) => driverName), ageColumn],
});
