import { isDeepStrictEqual } from 'node:util';
import type { FieldErrors } from '../validation/field-errors.ts';
import { dnsSubdomain, hostLabel } from '../validation/text-formats.ts';
import { checkChoice } from '../validation/choices.ts';
import { checkApproval } from './approval.ts';
import { checkSchema, some } from './check-schema.ts';
import type { Definition } from './definition.ts';
import { isKnownFormat } from './formats.ts';
import type { JsonSchema } from './json-schema.ts';
import { checkColumns, checkSelectable, checkSubresources, checkWarning } from './version-parts.ts';

type Spec = Definition['spec'];
type Version = Spec['versions'][number];

const SCOPES = ['Cluster', 'Namespaced'];
const STRATEGIES = ['None', 'Webhook'];
/** What all versions say alike counts as said once, of the definition as a whole. */
const SHARED = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Shared = (typeof SHARED)[number];

/** Checks a CustomResourceDefinition. */
export function checkDefinition(errors: FieldErrors, definition: Definition, old?: Definition): void {
  const { metadata, spec } = definition;
  if (metadata.name !== `${spec.names.plural}.${spec.group}`) errors.invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
  checkSpec(errors, spec);
  if (old !== undefined) checkUnchanged(errors, spec, old);
  checkStored(errors, spec, old?.status?.storedVersions ?? []);
  checkApproval(errors, definition, old);
  if (spec.preserveUnknownFields === true)
    errors.invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
}

function checkSpec(errors: FieldErrors, spec: Spec): void {
  const { group } = spec;
  // What is required may be missing still.
  const versions: readonly Version[] = spec.versions ?? [];
  if (group === '') errors.required('spec.group');
  else if (dnsSubdomain(group).length > 0) errors.invalid('spec.group', group, dnsSubdomain(group).join(','));
  else if (!group.includes('.')) errors.invalid('spec.group', group, 'should be a domain with at least one dot');
  checkChoice(errors, 'spec.scope', spec.scope, SCOPES, true);
  for (const [index, { schema }] of versions.entries())
    if (schema?.openAPIV3Schema === undefined) errors.required(`spec.versions[${index}].schema.openAPIV3Schema`);
  const shared = new Set(SHARED.filter((word) => versions.every((version) => isDeepStrictEqual(version[word], versions[0]?.[word]))));
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    checkLabel(errors, `${path}.name`, version.name);
    checkWarning(errors, path, version);
    checkParts(
      errors,
      path,
      version,
      SHARED.filter((word) => !shared.has(word)),
      version.subresources?.status !== undefined,
    );
  }
  checkVersionList(errors, versions, spec, shared);
  checkNames(errors, spec.names);
  const hasStatus = versions.some(({ subresources }) => subresources?.status !== undefined);
  if (versions[0] !== undefined) checkParts(errors, 'spec', versions[0], [...shared], hasStatus);
  checkConversion(errors, spec);
}

function checkLabel(errors: FieldErrors, path: string, text: string, why = ''): void {
  const wrong = hostLabel(why === '' ? text : text.toLowerCase());
  if (wrong.length > 0) errors.invalid(path, text, `${why}${wrong.join(',')}`);
}

function checkParts(errors: FieldErrors, path: string, version: Version, words: readonly Shared[], hasStatus: boolean): void {
  // Two views of the same JSON, which is looked at field by field.
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  const schemaPath = path === 'spec' ? 'spec.validation' : `${path}.schema`;
  if (words.includes('schema') && schema !== undefined) checkSchema(errors, `${schemaPath}.openAPIV3Schema`, schema, hasStatus);
  if (words.includes('subresources')) checkSubresources(errors, `${path}.subresources`, version.subresources);
  if (words.includes('additionalPrinterColumns')) checkColumns(errors, `${path}.additionalPrinterColumns`, version.additionalPrinterColumns);
  if (words.includes('selectableFields') && schema !== undefined) checkSelectable(errors, `${path}.selectableFields`, version.selectableFields, schema);
}

function checkVersionList(errors: FieldErrors, versions: readonly Version[], spec: Spec, shared: ReadonlySet<Shared>): void {
  const complain = (why: string) => errors.invalid('spec.versions', spec.versions === undefined ? null : versions.map((one) => shownOf(one, shared)), why);
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) complain('must contain unique version names');
  if (versions.filter(({ storage }) => storage).length !== 1) complain('must have exactly one version marked as storage version');
  if (names[0] !== undefined && names[0] !== '') checkLabel(errors, 'spec.version', names[0]);
}

/** A version as Kubernetes shows it: by its own names of the fields. */
function shownOf(version: Version, shared: ReadonlySet<Shared>): object {
  const own = (word: Shared) => (shared.has(word) ? null : (version[word] ?? null));
  return {
    Name: version.name,
    Served: version.served ?? false,
    Storage: version.storage ?? false,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: own('schema'),
    Subresources: own('subresources'),
    AdditionalPrinterColumns: own('additionalPrinterColumns'),
    SelectableFields: own('selectableFields'),
  };
}

function checkNames(errors: FieldErrors, names: Spec['names']): void {
  const { plural, singular = '', kind, listKind = '' } = names;
  for (const [word, name] of Object.entries({ plural, singular, kind, listKind })) if (name === '') errors.required(`spec.names.${word}`);
  for (const [word, name] of Object.entries({ plural, singular })) if (name !== '') checkLabel(errors, `spec.names.${word}`, name);
  for (const [word, name] of Object.entries({ kind, listKind }))
    if (name !== '') checkLabel(errors, `spec.names.${word}`, name, 'may have mixed case, but should otherwise match: ');
  for (const [index, name] of (names.shortNames ?? []).entries()) checkLabel(errors, `spec.names.shortNames[${index}]`, name);
  if (kind !== '' && listKind === kind) errors.invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same');
  for (const [index, name] of (names.categories ?? []).entries()) checkLabel(errors, `spec.names.categories[${index}]`, name);
}

function checkConversion(errors: FieldErrors, { conversion }: Spec): void {
  if (conversion === undefined) return;
  checkChoice(errors, 'spec.conversion.strategy', conversion.strategy, STRATEGIES, true);
  if (conversion.strategy === 'Webhook')
    return errors.forbidden('spec.conversion.strategy', '"Webhook" is not to be had: this server asks no webhooks to convert; use None');
  const why = 'should not be set when strategy is not set to Webhook';
  if (conversion.webhook?.clientConfig !== undefined) errors.forbidden('spec.conversion.webhookClientConfig', why);
  if ((conversion.webhook?.conversionReviewVersions ?? []).length > 0) errors.forbidden('spec.conversion.conversionReviewVersions', why);
}

function checkUnchanged(errors: FieldErrors, spec: Spec, { spec: before, status }: Definition): void {
  const isSettled = status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true;
  const check = (field: string, now: unknown, then: unknown) => now !== then && errors.invalid(field, now, 'field is immutable');
  if (isSettled) {
    check('spec.scope', spec.scope, before.scope);
    check('spec.names.kind', spec.names.kind, before.names.kind);
  }
  check('spec.group', spec.group, before.group);
  check('spec.names.plural', spec.names.plural, before.names.plural);
}

/** Of what may lie in the store, the definition has to say how it is read. */
function checkStored(errors: FieldErrors, { versions = [] }: Spec, before: readonly string[]): void {
  const path = 'status.storedVersions';
  const storage = versions.find((version) => version.storage)?.name;
  const stored = [...new Set([...before, ...(storage === undefined ? [] : [storage])])];
  if (stored.length === 0) return errors.invalid(path, null, 'must have at least one stored version');
  for (const { name, storage: isStored } of versions)
    if (isStored && !stored.includes(name)) errors.invalid(path, stored, `must have the storage version ${name}`);
  for (const [index, name] of stored.entries())
    if (!versions.some((version) => version.name === name))
      errors.invalid(
        `${path}[${index}]`,
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      );
}

/** The formats of a definition that say nothing, without those that stood in it before. */
export function definitionWarnings(definition: Definition, old?: Definition): readonly string[] {
  const before = old === undefined ? [] : unknownFormats(old);
  return unknownFormats(definition)
    .filter((format) => !before.includes(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: Definition): readonly string[] {
  // As above: two views of the same JSON.
  const schemas = (spec.versions ?? []).flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema as JsonSchema]));
  const distinct = schemas.every((schema) => isDeepStrictEqual(schema, schemas[0])) ? schemas.slice(0, 1) : schemas;
  const found: string[] = [];
  for (const schema of distinct)
    some(schema, ({ type = '', format = '' }) => {
      if (format !== '' && !isKnownFormat(type, format)) found.push(format);
      return false;
    });
  return found;
}
