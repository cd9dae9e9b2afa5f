import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../types.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { isRecord } from '../schema/is-record.ts';
import { isIntOrString, type JsonSchema, keepsUnknown } from './json-schema.ts';
import { patternOf } from './pattern.ts';

type Level = 'root' | 'items' | 'field';

const INT_OR_STRING: readonly JsonSchema[] = [{ type: 'integer' }, { type: 'string' }];
const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  items: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
/** What a structural schema says only at its own level, not within allOf, anyOf, oneOf or not, and how nothing of it looks. */
const STRUCTURE: Readonly<Partial<Record<keyof JsonSchema, string>>> = {
  type: 'empty',
  additionalProperties: 'undefined',
  default: 'undefined',
  title: 'empty',
  description: 'empty',
  nullable: 'false',
  'x-kubernetes-preserve-unknown-fields': 'false',
  'x-kubernetes-embedded-resource': 'false',
  'x-kubernetes-int-or-string': 'false',
  'x-kubernetes-list-map-keys': 'empty',
  'x-kubernetes-list-type': 'undefined',
  'x-kubernetes-map-type': 'undefined',
  'x-kubernetes-validations': 'empty',
};
const GROUPS = ['allOf', 'anyOf', 'oneOf'] as const;

/** Checks that a schema is structural: it tells the type of each value that it speaks of (Kubernetes' documentation, "Specifying a structural schema"). */
export function checkStructural(errors: FieldErrors, path: string, schema: JsonSchema): void {
  const found = new FieldErrors();
  checkLevel(found, path, schema, 'root');
  checkKnownParts(found, schema, schema, path, path);
  // A map has no order: as Kubernetes does it, what is wrong is told by the alphabet.
  errors.causes.push(...found.causes.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1)));
}

const textOf = ({ field = '', message = '' }: StatusCause): string => `${field}: ${message}`;

function checkLevel(errors: FieldErrors, path: string, schema: JsonSchema, level: Level): void {
  checkType(errors, path, schema, level);
  checkMetadata(errors, path, schema, level);
  if (schema.items !== undefined) checkLevel(errors, `${path}.items`, schema.items, 'items');
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkLevel(errors, `${path}.properties[${name}]`, property, 'field');
  if (schema.additionalProperties !== undefined && level === 'root') errors.forbidden(`${path}.additionalProperties`, 'must not be used at the root');
  if (isRecord(schema.additionalProperties)) checkLevel(errors, `${path}.additionalProperties`, schema.additionalProperties, 'field');
  if (isIntOrString(schema))
    for (const word of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
      if (schema[word] === true) errors.invalid(`${path}.${word}`, true, 'must be false if x-kubernetes-int-or-string is true');
  checkConditions(errors, path, schema, isDeepStrictEqual(schema.anyOf, INT_OR_STRING), isDeepStrictEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING));
}

function checkType(errors: FieldErrors, path: string, schema: JsonSchema, level: Level): void {
  const { type = '' } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (type === 'array' && schema.items === undefined) errors.required(`${path}.items`, 'must be specified');
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    if (type === '') errors.required(`${path}.type`, why);
    else errors.invalid(`${path}.type`, type, why);
  } else if (type === '' && !isIntOrString(schema) && !keepsUnknown(schema)) errors.required(`${path}.type`, NO_TYPE[level]);
  if (level === 'root' && type !== '' && type !== 'object') errors.invalid(`${path}.type`, type, 'must be object at the root');
  if (!isEmbedded) return;
  if (schema.additionalProperties !== undefined) errors.forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set');
  if (!keepsUnknown(schema) && isNothing(schema.properties))
    errors.required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields');
}

/** Of what every object has, only the name may be spoken of. */
function checkMetadata(errors: FieldErrors, path: string, schema: JsonSchema, level: Level): void {
  const isObject = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  const { metadata, ...others } = schema.properties ?? {};
  for (const name of isObject ? ['kind', 'apiVersion'] : [])
    if (others[name] !== undefined && others[name].type !== 'string')
      errors.invalid(`${path}.properties[${name}].type`, others[name].type ?? '', 'must be string');
  if (metadata === undefined) return;
  const here = `${path}.properties[metadata]`;
  if (isObject && metadata.type !== 'object') errors.invalid(`${here}.type`, metadata.type ?? '', 'must be object');
  if (level !== 'root') return;
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const speaksOfMore = Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName') || !Object.values(rest).every(isNothing);
  if (speaksOfMore) errors.forbidden(here, 'must not specify anything other than name and generateName, but metadata is implicitly specified');
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.keys(value).length === 0);

function checkConditions(errors: FieldErrors, path: string, schema: JsonSchema, skipsAnyOf: boolean, skipsFirstOfAllOf = false): void {
  for (const word of GROUPS) {
    if (word === 'anyOf' && skipsAnyOf) continue;
    for (const [index, part] of (schema[word] ?? []).entries())
      checkNested(errors, `${path}.${word}[${index}]`, part, word === 'allOf' && index === 0 && skipsFirstOfAllOf);
  }
  if (schema.not !== undefined) checkNested(errors, `${path}.not`, schema.not);
  if (schema.pattern === undefined) return;
  try {
    patternOf(schema.pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    errors.invalid(`${path}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${why}`);
  }
}

/** Within allOf and its like only conditions may stand: what a value is made of is told once, outside. */
function checkNested(errors: FieldErrors, path: string, schema: JsonSchema, skipsAnyOf = false): void {
  checkConditions(errors, path, schema, skipsAnyOf);
  // The words are those of a schema.
  for (const [word, nothing] of Object.entries(STRUCTURE))
    if (!isNothing(schema[word as keyof JsonSchema])) errors.forbidden(`${path}.${word}`, `must be ${nothing} to be structural`);
  if (schema.items !== undefined) checkNested(errors, `${path}.items`, schema.items);
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkNested(errors, `${path}.properties[${name}]`, property);
  if (schema.properties?.metadata !== undefined) errors.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context');
}

/** What conditions speak of has to be told by the schema outside of them: `whole` is that, at `path`; `part` stands at `here`. */
function checkKnownParts(errors: FieldErrors, whole: JsonSchema | undefined, part: JsonSchema, path: string, here: string): void {
  for (const word of GROUPS) for (const [index, one] of (part[word] ?? []).entries()) checkKnown(errors, whole, one, path, `${here}.${word}[${index}]`);
  if (part.not !== undefined) checkKnown(errors, whole, part.not, path, `${here}.not`);
}

function checkKnown(errors: FieldErrors, whole: JsonSchema | undefined, part: JsonSchema, path: string, here: string): void {
  if (whole === undefined) return errors.required(path, `because it is defined in ${here}`);
  checkKnownParts(errors, whole, part, path, here);
  if (part.items !== undefined) checkKnown(errors, whole.items, part.items, `${path}.items`, `${here}.items`);
  for (const [name, property] of Object.entries(part.properties ?? {}))
    checkKnown(errors, whole.properties?.[name], property, `${path}.properties[${name}]`, `${here}.properties[${name}]`);
}
