import type { FieldErrors } from '../validation/field-errors.ts';
import { isIntOrString, type JsonSchema, keepsUnknown } from './json-schema.ts';
import { patternOf } from './pattern.ts';

const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean'];
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['granular', 'atomic'];
/** What a structural schema says only at its own level, not within allOf, anyOf, oneOf or not. */
const STRUCTURE = [
  'type',
  'description',
  'default',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
] as const;

/** Checks that a schema is structural: it tells the type of each value that it speaks of (Kubernetes' documentation, "Specifying a structural schema"). */
export function checkStructural(errors: FieldErrors, path: string, schema: JsonSchema): void {
  if (schema.type !== 'object') errors.invalid(`${path}.type`, schema.type ?? '', 'must be object at the root');
  checkLevel(errors, path, schema);
  const metadata = schema.properties?.metadata;
  const others = Object.keys(metadata?.properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  if (others.length > 0)
    errors.forbidden(`${path}.properties[metadata]`, 'must not specify anything other than name and generateName, but metadata is implicitly specified');
}

function checkLevel(errors: FieldErrors, path: string, schema: JsonSchema): void {
  checkType(errors, path, schema);
  checkExtensions(errors, path, schema);
  checkAssertions(errors, path, schema);
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [index, part] of (schema[word] ?? []).entries()) checkAssertionOnly(errors, `${path}.${word}[${index}]`, part, isIntOrString(schema));
  if (schema.not !== undefined) checkAssertionOnly(errors, `${path}.not`, schema.not, false);
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkLevel(errors, `${path}.properties[${name}]`, property);
  if (typeof schema.additionalProperties === 'object') checkLevel(errors, `${path}.additionalProperties`, schema.additionalProperties);
  if (schema.items !== undefined) checkLevel(errors, `${path}.items`, schema.items);
}

function checkType(errors: FieldErrors, path: string, schema: JsonSchema): void {
  const { type } = schema;
  if (isIntOrString(schema)) {
    if (type !== undefined) errors.invalid(`${path}.type`, type, 'must be empty if x-kubernetes-int-or-string is specified');
  } else if (type === undefined || type === '') {
    if (!keepsUnknown(schema)) errors.required(`${path}.type`, 'must not be empty for specified object fields');
  } else if (!TYPES.includes(type)) errors.notSupported(`${path}.type`, type, TYPES);
  if (type === 'array' && schema.items === undefined) errors.required(`${path}.items`, 'must be specified');
  if (schema.properties !== undefined && schema.additionalProperties !== undefined)
    errors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  if (schema.uniqueItems === true) errors.forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object')
    errors.invalid(`${path}.type`, type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
}

function checkExtensions(errors: FieldErrors, path: string, schema: JsonSchema): void {
  const { type, items, 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [], 'x-kubernetes-map-type': mapType } = schema;
  if (listType !== undefined) {
    if (type !== 'array') errors.invalid(`${path}.type`, type ?? '', 'must be array if x-kubernetes-list-type is specified');
    if (!LIST_TYPES.includes(listType)) errors.notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES);
  }
  if (listType === 'map') {
    if (keys.length === 0) errors.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
    for (const [index, key] of keys.entries()) {
      const property = items?.properties?.[key];
      if (property === undefined) errors.invalid(`${path}.x-kubernetes-list-map-keys[${index}]`, key, `must be a property of items`);
      else if (items?.required?.includes(key) !== true && property.default === undefined)
        errors.required(
          `${path}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        );
    }
  } else if (keys.length > 0) errors.forbidden(`${path}.x-kubernetes-list-map-keys`, 'must only be specified if x-kubernetes-list-type is map');
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) errors.notSupported(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES);
  if ((schema['x-kubernetes-validations'] ?? []).length > 0)
    errors.forbidden(`${path}.x-kubernetes-validations`, 'this server evaluates no CEL rules: leave them out, or the objects would go unchecked');
}

function checkAssertions(errors: FieldErrors, path: string, { pattern }: JsonSchema): void {
  if (pattern === undefined) return;
  try {
    patternOf(pattern);
  } catch (error) {
    errors.invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Within allOf and its like only conditions may stand: what a value is made of is told once, outside. */
function checkAssertionOnly(errors: FieldErrors, path: string, schema: JsonSchema, mayHaveType: boolean): void {
  for (const word of STRUCTURE)
    if (schema[word] !== undefined && !(word === 'type' && mayHaveType)) errors.forbidden(`${path}.${word}`, `must be undefined to be structural`);
  checkAssertions(errors, path, schema);
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkAssertionOnly(errors, `${path}.properties[${name}]`, property, false);
  if (schema.items !== undefined) checkAssertionOnly(errors, `${path}.items`, schema.items, false);
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [index, part] of (schema[word] ?? []).entries()) checkAssertionOnly(errors, `${path}.${word}[${index}]`, part, mayHaveType);
  if (schema.not !== undefined) checkAssertionOnly(errors, `${path}.not`, schema.not, false);
}
