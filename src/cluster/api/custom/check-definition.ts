import type { FieldErrors } from '../validation/field-errors.ts';
import { withDefaults } from './defaults.ts';
import { prune } from './decode.ts';
import type { Definition } from './definition.ts';
import { parseJsonPath } from './json-path.ts';
import type { JsonSchema } from './json-schema.ts';
import { checkStructural } from './structural.ts';
import { validateBySchema } from './validate.ts';

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const KIND = /^[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const VERSION = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const COLUMN_TYPES = ['integer', 'number', 'string', 'boolean', 'date'];
const SCOPES = ['Cluster', 'Namespaced'];

/** Checks a CustomResourceDefinition. */
export function checkDefinition(errors: FieldErrors, { metadata, spec }: Definition, old?: Definition): void {
  const { names, group, versions } = spec;
  if (metadata.name !== `${names.plural}.${group}`) errors.invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
  if (!group.includes('.') || !group.split('.').every((label) => LABEL.test(label)))
    errors.invalid('spec.group', group, 'should be a domain with at least one dot');
  if (!SCOPES.includes(spec.scope)) errors.notSupported('spec.scope', spec.scope, SCOPES);
  if (!LABEL.test(names.plural))
    errors.invalid('spec.names.plural', names.plural, 'a lowercase RFC 1035 label must consist of lower case alphanumeric characters or "-"');
  if (!KIND.test(names.kind)) errors.invalid('spec.names.kind', names.kind, 'may have mixed case, but should otherwise match a label');
  if (names.listKind === names.kind) errors.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same');
  if (spec.preserveUnknownFields === true)
    errors.invalid('spec.preserveUnknownFields', true, 'must be false: set x-kubernetes-preserve-unknown-fields in the schema instead');
  if (spec.conversion?.strategy !== undefined && spec.conversion.strategy !== 'None')
    errors.forbidden('spec.conversion.strategy', `"${spec.conversion.strategy}" is not to be had: this server asks no webhooks to convert; use None`);
  if (versions.length === 0) errors.required('spec.versions', 'must have at least one version');
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.invalid(
      'spec.versions',
      versions.map(({ name }) => name),
      'must have exactly one version marked as storage version',
    );
  for (const [index, version] of versions.entries()) {
    if (versions.findIndex(({ name }) => name === version.name) !== index) errors.duplicate(`spec.versions[${index}].name`, version.name);
    checkVersion(errors, version, `spec.versions[${index}]`);
  }
  if (old !== undefined) checkUnchanged(errors, spec, old);
}

function checkUnchanged(errors: FieldErrors, spec: Definition['spec'], { spec: before, status }: Definition): void {
  const isSettled = status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true;
  const check = (field: string, now: unknown, then: unknown) => now !== then && errors.invalid(field, now, 'field is immutable');
  check('spec.group', spec.group, before.group);
  if (!isSettled) return;
  check('spec.scope', spec.scope, before.scope);
  check('spec.names.kind', spec.names.kind, before.names.kind);
  check('spec.names.plural', spec.names.plural, before.names.plural);
  const lost = (status?.storedVersions ?? []).find((stored) => !spec.versions.some(({ name }) => name === stored));
  if (lost !== undefined) errors.invalid('status.storedVersions[0]', lost, 'must appear in spec.versions');
}

function checkVersion(errors: FieldErrors, version: Definition['spec']['versions'][number], path: string): void {
  if (!VERSION.test(version.name)) errors.invalid(`${path}.name`, version.name, 'a DNS-1035 label must consist of lower case alphanumeric characters or "-"');
  // Two views of the same JSON, which is looked at field by field.
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  if (schema === undefined) return errors.required(`${path}.schema.openAPIV3Schema`, 'schemas are required');
  const at = `${path}.schema.openAPIV3Schema`;
  const found = errors.causes.length;
  checkStructural(errors, at, schema);
  if (errors.causes.length === found) checkDefaults(errors, at, schema);
  for (const [index, { type, jsonPath, name }] of (version.additionalPrinterColumns ?? []).entries()) {
    const here = `${path}.additionalPrinterColumns[${index}]`;
    if (!name) errors.required(`${here}.name`);
    if (!COLUMN_TYPES.includes(type)) errors.notSupported(`${here}.type`, type, COLUMN_TYPES);
    if (!jsonPath.startsWith('.') || parseJsonPath(jsonPath) === undefined)
      errors.invalid(`${here}.jsonPath`, jsonPath, 'must be a simple JSON path starting with "."');
  }
  const scale = version.subresources?.scale;
  if (scale !== undefined && !scale.specReplicasPath.startsWith('.spec.'))
    errors.invalid(`${path}.subresources.scale.specReplicasPath`, scale.specReplicasPath, 'should be a json path under .spec');
  if (scale !== undefined && !scale.statusReplicasPath.startsWith('.status.'))
    errors.invalid(`${path}.subresources.scale.statusReplicasPath`, scale.statusReplicasPath, 'should be a json path under .status');
  for (const [index, { jsonPath }] of (version.selectableFields ?? []).entries())
    checkSelectable(errors, schema, jsonPath, `${path}.selectableFields[${index}].jsonPath`);
}

/** A default has to be what the schema takes. */
function checkDefaults(errors: FieldErrors, path: string, schema: JsonSchema): void {
  if (schema.default !== undefined) {
    prune(schema, schema.default, '', (lost) => errors.invalid(`${path}.default`, schema.default, `must not have unknown fields: ${lost}`));
    validateBySchema(errors, schema, withDefaults(schema, schema.default), `${path}.default`);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkDefaults(errors, `${path}.properties[${name}]`, property);
  if (typeof schema.additionalProperties === 'object') checkDefaults(errors, `${path}.additionalProperties`, schema.additionalProperties);
  if (schema.items !== undefined) checkDefaults(errors, `${path}.items`, schema.items);
}

function checkSelectable(errors: FieldErrors, schema: JsonSchema, jsonPath: string, path: string): void {
  let at: JsonSchema | undefined = schema;
  for (const step of jsonPath.split('.').slice(1)) at = at?.properties?.[step];
  if (!jsonPath.startsWith('.') || jsonPath.startsWith('.metadata') || !['string', 'boolean', 'integer'].includes(at?.type ?? ''))
    errors.invalid(path, jsonPath, 'must point to a string, boolean or integer field of the schema outside of metadata');
}
