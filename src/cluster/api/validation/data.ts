import { isDeepStrictEqual } from 'node:util';
import type { V1ConfigMap, V1Secret } from '../generated/types.ts';
import type { FieldErrors } from './field-errors.ts';

const KEY_LENGTH_MAX = 253;
const BYTES_MAX = 1024 * 1024;

/** Keys become file names where the object is mounted. */
function checkKey(errors: FieldErrors, field: string, key: string): void {
  if (key.length > KEY_LENGTH_MAX) errors.invalid(field, key, `must be no more than ${KEY_LENGTH_MAX} characters`);
  else if (!/^[-._a-zA-Z0-9]+$/.test(key))
    errors.invalid(field, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name')");
  else if (key === '.' || key.startsWith('..')) errors.invalid(field, key, "must not be '.' or begin with '..'");
}

function checkSize(errors: FieldErrors, sizes: readonly number[]): void {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > BYTES_MAX) errors.tooLong('data', BYTES_MAX);
}
const textSize = (text: string) => Buffer.byteLength(text);
const base64Size = (text: string) => Buffer.byteLength(text, 'base64');

export function checkConfigMap(errors: FieldErrors, configMap: V1ConfigMap, old?: V1ConfigMap): void {
  const { data = {}, binaryData = {} } = configMap;
  for (const key of Object.keys(data)) {
    checkKey(errors, `data[${key}]`, key);
    if (Object.hasOwn(binaryData, key)) errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
  }
  for (const key of Object.keys(binaryData)) checkKey(errors, `binaryData[${key}]`, key);
  checkSize(errors, [...Object.values(data).map(textSize), ...Object.values(binaryData).map(base64Size)]);
  if (old) checkImmutable(errors, configMap, old, ['data', 'binaryData']);
}

export function checkSecret(errors: FieldErrors, secret: V1Secret, old?: V1Secret): void {
  const { data = {} } = secret;
  for (const key of Object.keys(data)) checkKey(errors, `data[${key}]`, key);
  checkSize(errors, Object.values(data).map(base64Size));
  if (old === undefined) return;
  if (secret.type !== old.type) errors.invalid('type', secret.type, 'field is immutable');
  checkImmutable(errors, secret, old, ['data']);
}

function checkImmutable<T extends V1ConfigMap | V1Secret>(errors: FieldErrors, object: T, old: T, fields: readonly (keyof T & string)[]): void {
  if (old.immutable !== true) return;
  if (object.immutable !== true) errors.forbidden('immutable', 'field is immutable when `immutable` is set');
  for (const field of fields) if (!isDeepStrictEqual(object[field], old[field])) errors.forbidden(field, 'field is immutable when `immutable` is set');
}
