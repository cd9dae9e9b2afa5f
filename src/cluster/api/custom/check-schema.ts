import { isRecord } from '../schema/is-record.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { prune } from './decode.ts';
import { withDefaults } from './defaults.ts';
import type { JsonSchema } from './json-schema.ts';
import { checkListSchema } from './list-schema.ts';
import { checkStructural } from './structural.ts';
import { validateBySchema } from './validate.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
/** Words of JSON schema that Kubernetes has fields for but takes nothing in. */
const NOT_TAKEN = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];
const OF_EVERY_OBJECT = ['metadata', 'kind', 'apiVersion'];
/** Besides the properties, what may stand at the root of a schema with a status of its own. */
const AT_ROOT =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';

interface Place {
  readonly isRoot?: boolean;
  readonly isMeta?: boolean;
  /** Why no default may stand here. */
  readonly noDefault?: string;
}

/** Checks the schema of a definition's version (Kubernetes' documentation, "Validation"). `hasStatus`: the version has a status subresource. */
export function checkSchema(errors: FieldErrors, path: string, schema: JsonSchema, hasStatus: boolean): void {
  const found = new FieldErrors();
  if (hasStatus) checkRoot(found, path, schema);
  if (schema.nullable === true) found.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
  const canBeStructural = !some(schema, (one) => NOT_TAKEN.some((word) => word in one) || Array.isArray(one.items));
  const namesSchema = some(schema, ({ $schema = '' }) => $schema !== '');
  if (canBeStructural && !namesSchema) {
    checkStructural(found, path, schema);
    if (found.causes.length === 0) checkDefaults(found, path, schema);
  }
  checkOpenApi(found, path, schema, { isRoot: true });
  if (found.causes.length === 0 && namesSchema) found.invalid(path, '', "OpenAPIV3Schema 'schema' is not supported");
  errors.causes.push(...found.causes);
}

/** Whether it holds for the schema or any that stands in it. */
export function some(schema: JsonSchema, test: (schema: JsonSchema) => boolean): boolean {
  const { items, additionalProperties, not, properties = {}, allOf = [], anyOf = [], oneOf = [] } = schema;
  const parts = [items, additionalProperties, not, ...Object.values(properties), ...allOf, ...anyOf, ...oneOf];
  return test(schema) || parts.some((part) => isRecord(part) && some(part, test));
}

function checkRoot(errors: FieldErrors, path: string, schema: JsonSchema): void {
  const taken = AT_ROOT.split(' ');
  for (const [name, value] of Object.entries(schema)) {
    const field = name.replace('x-kubernetes-', 'x-').replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
    if (value === undefined || value === false || taken.includes(field)) continue;
    errors.invalid(path, schema, `only [${AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled`);
    return;
  }
}

function checkOpenApi(errors: FieldErrors, path: string, schema: JsonSchema, place: Place): void {
  checkWords(errors, path, schema, place);
  if (schema.uniqueItems === true) errors.forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  const { additionalProperties, properties = {}, not, items } = schema;
  if (Object.keys(properties).length > 0 && additionalProperties !== undefined && additionalProperties !== true)
    errors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  const { isRoot = false, ...below } = place;
  if (isRecord(additionalProperties)) {
    const inMeta = below.isMeta === true ? { noDefault: 'inside additionalProperties applying to object metadata' } : {};
    checkOpenApi(errors, `${path}.additionalProperties`, additionalProperties, { ...below, ...inMeta });
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && OF_EVERY_OBJECT.includes(name);
    const meta = isMeta ? { isMeta, ...(isRoot ? { noDefault: `in top-level ${name}` } : {}) } : {};
    checkOpenApi(errors, `${path}.properties[${name}]`, property, { ...below, ...meta });
  }
  if (not !== undefined) checkOpenApi(errors, `${path}.not`, not, below);
  for (const word of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [index, part] of (schema[word] ?? []).entries()) checkOpenApi(errors, `${path}.${word}[${index}]`, part, below);
  if (items !== undefined && !Array.isArray(items)) checkOpenApi(errors, `${path}.items`, items, below);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  checkListSchema(errors, path, schema);
  if ((schema['x-kubernetes-validations'] ?? []).length > 0)
    errors.forbidden(`${path}.x-kubernetes-validations`, 'this server evaluates no CEL rules: leave them out, or the objects would go unchecked');
}

function checkWords(errors: FieldErrors, path: string, schema: JsonSchema, { isMeta = false, noDefault }: Place): void {
  const { type = '' } = schema;
  if (type !== '' && !TYPES.includes(type)) errors.notSupported(`${path}.type`, type, TYPES);
  if (schema.default !== undefined && noDefault !== undefined) errors.forbidden(`${path}.default`, `must not be set ${noDefault}`);
  for (const word of NOT_TAKEN) if (word in schema) errors.forbidden(`${path}.${word}`, `${word} is not supported`);
  if (type === 'null') errors.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema.items)) errors.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  if (isMeta && schema['x-kubernetes-embedded-resource'] === true)
    errors.forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta');
}

/** A default has to be what the schema takes. */
function checkDefaults(errors: FieldErrors, path: string, schema: JsonSchema): void {
  if (schema.default !== undefined) {
    const here = `${path}.default`;
    const unknown: string[] = [];
    prune(schema, schema.default, '', (lost) => unknown.push(lost));
    if (unknown.length > 0) errors.invalid(here, schema.default, 'must not have unknown fields');
    const found = new FieldErrors();
    validateBySchema(found, schema, withDefaults(schema, schema.default), '');
    errors.causes.push(...found.causes.map((cause) => ({ ...cause, field: cause.field === '' ? here : `${here}.${cause.field}` })));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkDefaults(errors, `${path}.properties[${name}]`, property);
  if (isRecord(schema.additionalProperties)) checkDefaults(errors, `${path}.additionalProperties`, schema.additionalProperties);
  if (schema.items !== undefined) checkDefaults(errors, `${path}.items`, schema.items);
}
