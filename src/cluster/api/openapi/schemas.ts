import type { JsonSchema } from '../custom/json-schema.ts';
import type { ServedResource } from '../resources.ts';
import { type Descriptions, type ModelDescription, readDescriptions } from '../schema/descriptions.ts';
import { isAtomicModel, listField } from '../schema/list-fields.ts';
import { schemas as models, type TypeSchema } from '../schema/schemas.ts';
import { INT_OR_STRING, QUANTITY, reference, schemaName, TIME, VALUE_SCHEMAS } from './names.ts';

type Json = Record<string, unknown>;

export interface OpenApiSchemas {
  /** components.schemas: the kinds of the resources, their lists, and all that these are made of. */
  readonly schemas: Readonly<Record<string, object>>;
  /** A reference to the schema of the resource's kind. */
  schemaOf(resource: ServedResource): object;
}

/** The OpenAPI 3.0 schemas of these resources and of the Scale of those that have one, with Kubernetes' extensions: which kinds there are and how lists merge. */
export function openApiSchemas(resources: readonly ServedResource[]): OpenApiSchemas {
  const builder = new Builder(readDescriptions());
  for (const resource of resources) {
    const { model, group, version, kind, listKind, custom } = resource;
    if (custom !== undefined) {
      builder.custom(resource, custom.schema);
      continue;
    }
    builder.kind(model, { group, version, kind });
    // Where a group is part of a model's name, it need not be part of its list's.
    const list = [`${model}List`, `V${version.slice(1)}${listKind}`].find((name) => models.has(name));
    if (list !== undefined) builder.kind(list, { group, version, kind: listKind });
  }
  if (resources.some(({ subresources }) => subresources.includes('scale'))) builder.kind('V1Scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  return { schemas: builder.schemas, schemaOf: (resource) => reference(nameOf(resource)) };
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
    const schema = this.#type(type);
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
