import { isRecord } from '../schema/is-record.ts';
import { type JsonSchema, keepsUnknown, propertyOf } from '../custom/json-schema.ts';
import { isAlwaysThere, isAtomicModel, listField } from '../schema/list-fields.ts';
import { schemas, type TypeSchema } from '../schema/schemas.ts';

/** How the parts of a value are owned: one by one, or (a leaf) all together. */
export type Shape = Owned & { /** It stands wherever its parent does: nobody adds it. */ readonly isAlwaysThere?: true };
type Owned =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'object'; readonly model: string }
  /** Of a kind that a definition describes; `isObject` has what every object has. */
  | { readonly kind: 'custom'; readonly schema: JsonSchema; readonly isObject: boolean }
  | { readonly kind: 'map'; readonly of: Shape }
  /** `defaults`: what a key is that an item leaves out. */
  | { readonly kind: 'items'; readonly keys: readonly string[]; readonly defaults: Readonly<Record<string, unknown>>; readonly of: Shape }
  | { readonly kind: 'set' };

type NamedShape = Extract<Shape, { kind: 'object' | 'custom' | 'map' }>;

/** A part of a value: `element` is its step in a path as FieldsV1 writes it (`f:name`, `k:{"name":"a"}`, `v:"a"`). */
export interface Part {
  readonly element: string;
  readonly name: string;
  readonly value: unknown;
  readonly shape: Shape;
}

const LEAF: Shape = { kind: 'leaf' };
const METADATA: Shape = { kind: 'object', model: 'V1ObjectMeta' };
/** Keys that an item may leave out, with what they are then. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' };

const known = new Map<string, Map<string, Shape>>();

/** The shape of a generated model's field. */
export function shapeOf(model: string, field: string): Shape {
  const fields = known.get(model) ?? new Map<string, Shape>();
  known.set(model, fields);
  const shape = fields.get(field) ?? { ...makeShape(model, field), ...(isAlwaysThere(model, field) ? { isAlwaysThere: true } : {}) };
  fields.set(field, shape);
  return shape;
}

function makeShape(model: string, field: string): Shape {
  const type = schemas.model(model).get(field)?.type;
  const facts = listField(model, field);
  if (type === undefined || facts?.isAtomicMap === true) return LEAF;
  if (type.kind !== 'list') return plainShape(type);
  if (facts?.listType === 'set') return { kind: 'set' };
  if (facts?.listType === 'map' && facts.mapKeys.length > 0)
    return { kind: 'items', keys: facts.mapKeys.toSorted(), defaults: KEY_DEFAULTS, of: plainShape(type.of) };
  return LEAF;
}

function plainShape(type: TypeSchema): Shape {
  if (type.kind === 'map') return { kind: 'map', of: plainShape(type.of) };
  return type.kind === 'model' && !isAtomicModel(type.name) ? { kind: 'object', model: type.name } : LEAF;
}

/** The parts of a value of that shape; undefined for one that is owned whole. */
export function partsOf(shape: Shape, value: unknown): readonly Part[] | undefined {
  switch (shape.kind) {
    case 'leaf':
      return undefined;
    case 'object':
    case 'custom':
    case 'map':
      if (!isRecord(value)) return undefined;
      return namedParts(shape, value);
    case 'items':
    case 'set':
      return itemsOf(shape, value);
  }
}

function namedParts(shape: NamedShape, value: Readonly<Record<string, unknown>>): readonly Part[] {
  const parts: Part[] = [];
  for (const name of Object.keys(value)) {
    const content = value[name];
    if (content !== undefined) parts.push({ element: `f:${name}`, name, value: content, shape: shapeOfField(shape, name, content) });
  }
  return parts;
}

/** The parts of a list whose items are told apart; undefined for whatever else. */
export function itemsOf(shape: Shape, value: unknown): readonly Part[] | undefined {
  if (!Array.isArray(value)) return undefined;
  if (shape.kind === 'items') return value.map((item: unknown) => ({ element: keyElement(shape, item), name: '', value: item, shape: shape.of }));
  if (shape.kind === 'set') return value.map((item: unknown) => ({ element: `v:${JSON.stringify(item)}`, name: '', value: item, shape: LEAF }));
  return undefined;
}

/** Whether the parts of values of that shape have names. */
export const isNamed = ({ kind }: Shape): boolean => kind === 'object' || kind === 'custom' || kind === 'map';

/** The shape of what stands under that name. */
export function shapeOfField(shape: Shape, name: string, content: unknown): Shape {
  switch (shape.kind) {
    case 'map':
      return shape.of;
    case 'object':
      return shapeOf(shape.model, name);
    case 'custom': {
      if (shape.isObject && name === 'metadata') return METADATA;
      const schema = propertyOf(shape.schema, name);
      // What a schema does not describe is owned by its fields as far as it has some.
      return schema === undefined ? (isRecord(content) ? { kind: 'custom', schema: {}, isObject: false } : LEAF) : customShape(schema);
    }
    default:
      return LEAF;
  }
}

function customShape(schema: JsonSchema): Shape {
  const { 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [], items } = schema;
  if (schema.type === 'array') {
    if (listType === 'set') return { kind: 'set' };
    if (listType !== 'map' || items === undefined) return LEAF;
    const defaults = Object.fromEntries(keys.map((key) => [key, items.properties?.[key]?.default]));
    return { kind: 'items', keys: keys.toSorted(), defaults, of: customShape(items) };
  }
  if (schema['x-kubernetes-map-type'] === 'atomic' || (schema.type !== 'object' && !keepsUnknown(schema))) return LEAF;
  return { kind: 'custom', schema, isObject: schema['x-kubernetes-embedded-resource'] === true };
}

function keyElement({ keys, defaults }: Extract<Shape, { kind: 'items' }>, item: unknown): string {
  const fields = keys.flatMap((key) => {
    const value = (isRecord(item) ? item[key] : undefined) ?? defaults[key];
    return value === undefined ? [] : [`${JSON.stringify(key)}:${JSON.stringify(value)}`];
  });
  return `k:{${fields.join(',')}}`;
}
