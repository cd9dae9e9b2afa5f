import type { JsonSchema } from '../custom/json-schema.ts';
import type { ServedResource } from '../resources.ts';
import { type Descriptions, type ModelDescription, readDescriptions } from '../schema/descriptions.ts';
import { allowedValues } from '../schema/enums.ts';
import { isAtomicModel, listField } from '../schema/list-fields.ts';
import { schemas as models, type TypeSchema } from '../schema/schemas.ts';
import { INT_OR_STRING, QUANTITY, reference, schemaName, TIME, VALUE_SCHEMAS } from './names.ts';

type Json = Record<string, unknown>;

export interface OpenApiSchemas {
  /** components.schemas: the kinds of the resources, their lists, and all that these are made of. */
  readonly schemas: Readonly<Record<string, object>>;
  /** A reference to the schema of the resource's kind. */
  schemaOf(resource: ServedResource): object;
  /** A reference to the schema of the list of the resource's kind. */
  listOf(resource: ServedResource): object;
  /** A reference to the schema of a generated model, which is made when it isn't there yet. */
  modelOf(model: string, kind?: { readonly group: string; readonly version: string; readonly kind: string }): object;
}

/** The OpenAPI 3.0 schemas of these resources, with Kubernetes' extensions: which kinds there are and how lists merge. */
export function openApiSchemas(resources: readonly ServedResource[]): OpenApiSchemas {
  const builder = new Builder(readDescriptions());
  for (const resource of resources) {
    const { model, group, version, kind, listKind, custom } = resource;
    if (custom !== undefined) {
      builder.custom(resource, custom.schema);
      builder.customList(resource);
      continue;
    }
    builder.kind(model, { group, version, kind });
    const list = listModelOf(resource);
    if (list !== undefined) builder.kind(list, { group, version, kind: listKind });
  }
  return {
    schemas: builder.schemas,
    schemaOf: (resource) => reference(nameOf(resource)),
    listOf: (resource) => reference(listName(resource)),
    modelOf: (model, kind) => builder.reference(model, kind),
  };
}

/** Where a group is part of a model's name, it need not be part of its list's. */
function listModelOf({ model, version, listKind }: ServedResource): string | undefined {
  return [`${model}List`, `V${version.slice(1)}${listKind}`].find((name) => models.has(name));
}

function listName(resource: ServedResource): string {
  const model = listModelOf(resource);
  return model === undefined || resource.custom !== undefined ? `${nameOf(resource)}List` : schemaName(model);
}

const nameOf = (resource: ServedResource): string => (resource.custom === undefined ? schemaName(resource.model) : customName(resource));
/** `com.example.v1.Widget`. */
const customName = ({ group, version, kind }: ServedResource): string => [...group.split('.').toReversed(), version, kind].join('.');

class Builder {
  readonly schemas: Record<string, Json> = {};
  readonly #descriptions: Descriptions;

  constructor(descriptions: Descriptions) {
    this.#descriptions = descriptions;
  }

  kind(model: string, groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string }): void {
    this.#model(model)['x-kubernetes-group-version-kind'] = [groupVersionKind];
  }

  custom(resource: ServedResource, schema: JsonSchema): void {
    const { group, version, kind } = resource;
    this.#model('V1ObjectMeta');
    const texts = { apiVersion: 'The version of the schema that the object is in.', kind: 'What the object is.' };
    const own = Object.fromEntries(Object.entries(texts).map(([name, description]) => [name, { type: 'string', description }]));
    const metadata = { description: "The object's name and what else every object has.", allOf: [reference(schemaName('V1ObjectMeta'))] };
    this.schemas[customName(resource)] = {
      ...schema,
      properties: { ...own, ...schema.properties, metadata },
      'x-kubernetes-group-version-kind': [{ group, version, kind }],
    };
  }

  /** The list of a kind that a definition describes. */
  customList(resource: ServedResource): void {
    const { group, version, listKind } = resource;
    this.#model('V1ListMeta');
    this.schemas[`${customName(resource)}List`] = {
      description: `A list of ${resource.kind} objects.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { allOf: [reference(schemaName('V1ListMeta'))] },
        items: { type: 'array', items: reference(customName(resource)) },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    };
  }

  reference(model: string, kind?: { readonly group: string; readonly version: string; readonly kind: string }): object {
    // A patch has no model: whatever its type says it is, it is JSON.
    if (models.has(model)) this.#model(model);
    else this.schemas[schemaName(model)] ??= { type: 'object' };
    if (kind !== undefined) this.#model(model)['x-kubernetes-group-version-kind'] = [{ group: kind.group, version: kind.version, kind: kind.kind }];
    return reference(schemaName(model));
  }

  #model(model: string): Json {
    const name = schemaName(model);
    const known = this.schemas[name];
    if (known !== undefined) return known;
    const described = this.#descriptions(model);
    const schema: Json = { ...(described?.text ? { description: described.text } : {}), type: 'object' };
    // Before its fields: a model may contain itself.
    this.schemas[name] = schema;
    const fields = [...models.model(model)];
    const required = fields.filter(([, field]) => field.required).map(([field]) => field);
    schema.properties = Object.fromEntries(fields.map(([field, { type }]) => [field, this.#field(model, field, type, described)]));
    if (required.length > 0) schema.required = required;
    if (isAtomicModel(model)) schema['x-kubernetes-map-type'] = 'atomic';
    return schema;
  }

  #field(model: string, field: string, type: TypeSchema, described: ModelDescription | undefined): Json {
    // The type's own words are not repeated here: clients show them too.
    const description = described?.fields[field];
    const schema = withValues(this.#type(type), allowedValues(model, field));
    // What stands beside a reference is ignored, so the reference is wrapped.
    const own = '$ref' in schema ? { allOf: [schema] } : schema;
    return { ...(description ? { description } : {}), ...own, ...mergeExtensions(model, field) };
  }

  #type(type: TypeSchema): Json {
    switch (type.kind) {
      case 'list':
        return { type: 'array', items: this.#type(type.of) };
      case 'map':
        return { type: 'object', additionalProperties: this.#type(type.of) };
      case 'model':
        this.#model(type.name);
        return reference(schemaName(type.name));
      case 'boolean':
        return { type: 'boolean' };
      case 'any':
        return { type: 'object' };
      case 'intOrString':
        return this.#value(INT_OR_STRING);
      case 'number':
        return { type: type.format === 'double' ? 'number' : 'integer', ...(type.format === '' ? {} : { format: type.format }) };
      case 'string':
        if (type.format === 'date-time') return this.#value(TIME);
        if (type.format === 'quantity') return this.#value(QUANTITY);
        return { type: 'string', ...(type.format === '' ? {} : { format: type.format }) };
    }
  }

  #value(name: string): Json {
    this.schemas[name] ??= { ...VALUE_SCHEMAS[name] };
    return reference(name);
  }
}

/** The schema of a text, or of a list of texts, that is one of these. */
function withValues(schema: Json, values: readonly string[] | undefined): Json {
  if (values === undefined) return schema;
  return schema.type === 'array' ? { ...schema, items: { ...(schema.items as Json), enum: values } } : { ...schema, enum: values };
}

/** How the field merges, for clients that make patches and for server-side apply. */
function mergeExtensions(model: string, field: string): Json {
  const facts = listField(model, field);
  if (facts === undefined) return {};
  return {
    ...(facts.listType === '' ? {} : { 'x-kubernetes-list-type': facts.listType }),
    ...(facts.mapKeys.length === 0 ? {} : { 'x-kubernetes-list-map-keys': facts.mapKeys }),
    ...(facts.isAtomicMap ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(facts.patchStrategy.length === 0 ? {} : { 'x-kubernetes-patch-strategy': facts.patchStrategy.join(',') }),
    ...(facts.mergeKey === '' ? {} : { 'x-kubernetes-patch-merge-key': facts.mergeKey }),
  };
}
