import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../schema/is-record.ts';
import type { StatusCause } from '../types.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { hasFormat } from './formats.ts';
import { isIntOrString, type JsonSchema, propertyOf } from './json-schema.ts';
import { patternOf } from './pattern.ts';

const INT32_MAX = 2 ** 31 - 1;

/** Gathers what of a value is not as the schema says. Metadata is looked at elsewhere. What is as it was in `old` stays, though the schema has changed since. */
export function validateBySchema(errors: FieldErrors, schema: JsonSchema, value: unknown, path: string, old?: unknown): void {
  if (old !== undefined && isDeepStrictEqual(value, old)) return;
  if (value === null && schema.nullable === true) return;
  if (!hasType(schema, value)) {
    const wanted = isIntOrString(schema) ? 'integer,string' : (schema.type ?? '');
    errors.typeInvalid(path, typeName(value), `${path} in body must be of type ${wanted}: ${JSON.stringify(typeName(value))}`);
    return;
  }
  checkAssertions(errors, schema, value, path);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) if (schema.items !== undefined) validateBySchema(errors, schema.items, item, `${path}[${index}]`);
  } else if (isRecord(value)) {
    for (const [name, content] of Object.entries(value)) {
      const own = propertyOf(schema, name);
      if (own !== undefined && content !== undefined && !(path === '' && name === 'metadata'))
        validateBySchema(errors, own, content, path === '' ? name : `${path}.${name}`, isRecord(old) ? old[name] : undefined);
    }
  }
}

function hasType(schema: JsonSchema, value: unknown): boolean {
  if (isIntOrString(schema)) return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value));
  switch (schema.type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return true;
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}

/** The conditions on a value besides its type; also those that stand within allOf and its like. */
function checkAssertions(errors: FieldErrors, schema: JsonSchema, value: unknown, path: string): void {
  const { enum: values } = schema;
  if (values !== undefined && !values.some((one) => isDeepStrictEqual(one, value)))
    errors.notSupported(
      path,
      value,
      values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
    );
  if (typeof value === 'number') checkNumber(errors, schema, value, path);
  else if (typeof value === 'string') checkText(errors, schema, value, path);
  else if (Array.isArray(value)) checkCount(errors, path, value.length, schema.minItems, schema.maxItems, 'items');
  else if (isRecord(value)) checkObject(errors, schema, value, path);
  checkCombinations(errors, schema, value, path);
}

function checkNumber(errors: FieldErrors, schema: JsonSchema, value: number, path: string): void {
  const { minimum, maximum, multipleOf, format } = schema;
  const wrong = (why: string) => errors.invalid(path, value, `${path} in body should be ${why}`);
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum))
    wrong(schema.exclusiveMinimum === true ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum))
    wrong(schema.exclusiveMaximum === true ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) wrong(`a multiple of ${multipleOf}`);
  if (format === 'int32' && (value > INT32_MAX || value < -INT32_MAX - 1))
    errors.invalid('<nil>', '', `Checked value must be of type integer with format int32 in ${path}`);
}

function checkText(errors: FieldErrors, schema: JsonSchema, value: string, path: string): void {
  const { minLength, maxLength, pattern, format } = schema;
  // As many as people see letters, not as many as the machine has units.
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length;
  if (minLength !== undefined && length < minLength) errors.invalid(path, value, `${path} in body should be at least ${minLength} chars long`);
  if (maxLength !== undefined && length > maxLength) errors.tooLong(path, maxLength);
  if (pattern !== undefined && !patternOf(pattern).matcher(value).find()) errors.invalid(path, value, `${path} in body should match '${pattern}'`);
  if (format !== undefined && !hasFormat(format, value)) errors.typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`);
}

function checkObject(errors: FieldErrors, schema: JsonSchema, value: Record<string, unknown>, path: string): void {
  checkCount(errors, path, Object.keys(value).length, schema.minProperties, schema.maxProperties, 'properties');
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name) || value[name] === undefined) errors.required(path === '' ? name : `${path}.${name}`);
  if (schema['x-kubernetes-embedded-resource'] !== true) return;
  for (const name of ['apiVersion', 'kind']) if (typeof value[name] !== 'string' || value[name] === '') errors.required(path === '' ? name : `${path}.${name}`);
}

function checkCount(errors: FieldErrors, path: string, count: number, least: number | undefined, most: number | undefined, what: string): void {
  if (least !== undefined && count < least) errors.invalid(path, count, `${path} in body should have at least ${least} ${what}`);
  if (most !== undefined && count > most) errors.tooMany(path, count, most);
}

/** allOf, anyOf, oneOf and not: conditions on the value as it stands, and on its parts. */
function checkCombinations(errors: FieldErrors, schema: JsonSchema, value: unknown, path: string): void {
  const { allOf = [], anyOf = [], oneOf = [] } = schema;
  const wrong = (why: string) => errors.invalid('<nil>', '', `${JSON.stringify(path)} must ${why}`);
  const failures = (parts: readonly JsonSchema[]) => parts.map((part) => failuresOf(part, value, path));
  const ofAll = failures(allOf);
  errors.causes.push(...ofAll.flat());
  const failed = ofAll.filter((causes) => causes.length > 0).length;
  if (failed > 0) wrong(`validate all the schemas (allOf)${failed === allOf.length ? '. None validated' : ''}`);
  for (const [ofParts, isOne] of [[failures(anyOf), false] as const, [failures(oneOf), true] as const]) {
    const fitting = ofParts.filter((causes) => causes.length === 0).length;
    if (ofParts.length === 0 || fitting === 1 || (!isOne && fitting > 1)) continue;
    const found = fitting === 0 ? 'Found none valid' : `Found ${fitting} valid alternatives`;
    wrong(isOne ? `validate one and only one schema (oneOf). ${found}` : 'validate at least one schema (anyOf)');
    // What is wrong by the part that comes closest helps to mend it.
    if (fitting === 0) errors.causes.push(...(ofParts.toSorted((one, other) => one.length - other.length)[0] ?? []));
  }
  if (schema.not !== undefined && failuresOf(schema.not, value, path).length === 0) wrong('not validate the schema (not)');
}

function failuresOf(schema: JsonSchema, value: unknown, path: string): readonly StatusCause[] {
  const errors = new FieldErrors();
  validateBySchema(errors, schema, value, path);
  return errors.causes;
}

/** Gathers what of the lists in a value stands there twice though it may not: sets, and maps by their keys. */
export function checkListTypes(errors: FieldErrors, schema: JsonSchema, value: unknown, path: string): void {
  if (Array.isArray(value)) {
    checkListType(errors, schema, value, path);
    for (const [index, item] of value.entries()) if (schema.items !== undefined) checkListTypes(errors, schema.items, item, `${path}[${index}]`);
  } else if (isRecord(value)) {
    for (const [name, content] of Object.entries(value)) {
      const own = propertyOf(schema, name);
      if (own !== undefined) checkListTypes(errors, own, content, path === '' ? name : `${path}.${name}`);
    }
  }
}

function checkListType(errors: FieldErrors, schema: JsonSchema, items: readonly unknown[], path: string): void {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const shown = listType === 'set' ? item : Object.fromEntries(keys.map((key) => [key, isRecord(item) ? item[key] : undefined]));
    const text = JSON.stringify(shown);
    if (seen.has(text)) errors.duplicate(`${path}[${index}]`, shown);
    seen.add(text);
  }
}
