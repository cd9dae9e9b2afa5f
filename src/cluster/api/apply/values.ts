import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../schema/is-record.ts';
import { elementText, type FieldSet, fieldSet, isEmpty, mapped, NO_FIELDS, ONE_FIELD } from './field-set.ts';
import { mergeOrder } from './merge-order.ts';
import { isNamed, itemsOf, type Part, partsOf, type Shape, shapeOfField } from './shape.ts';

/** Every field that the value says: what whoever applies it owns. */
export function fieldsOf(shape: Shape, value: unknown): FieldSet {
  const parts = partsOf(shape, value);
  // A list without items says nothing of any; a map without entries says that it is there.
  if (parts === undefined || parts.length === 0) return parts !== undefined && Array.isArray(value) ? NO_FIELDS : ONE_FIELD;
  return fieldSet(
    false,
    parts.map((part) => [part.element, asPart(shape, fieldsOf(part.shape, part.value))]),
  );
}

/** What has no name of its own in the schema, an item of a list or an entry of a map, is owned as such, besides its fields. */
function asPart(parent: Shape, fields: FieldSet): FieldSet {
  return parent.kind === 'items' || parent.kind === 'map' ? fieldSet(true, fields.children) : fields;
}

/** All of a value that was not there before: it, and everything in it. */
function addedFields(shape: Shape, value: unknown): FieldSet {
  const parts = partsOf(shape, value) ?? [];
  return parts.length === 0
    ? ONE_FIELD
    : fieldSet(
        true,
        parts.map((part) => [part.element, addedFields(part.shape, part.value)]),
      );
}

/** What of a part that was not said before is new: where it stands anyhow, only what is in it. */
function newFields(shape: Shape, value: unknown): FieldSet {
  if (shape.isAlwaysThere !== true) return addedFields(shape, value);
  if (isNamed(shape)) return isRecord(value) ? changedNames(shape, {}, value) : NO_FIELDS;
  const parts = partsOf(shape, value);
  if (parts === undefined) return isNothing(value) ? NO_FIELDS : ONE_FIELD;
  return fieldSet(
    false,
    parts.map((part) => [part.element, addedFields(part.shape, part.value)]),
  );
}

function isNothing(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** All fields of a new object. */
export function createdFieldsOf(shape: Shape, object: unknown): FieldSet {
  return changedFields(shape, {}, object);
}

/** The fields of `after` that `before` has not, or has otherwise. */
export function changedFields(shape: Shape, before: unknown, after: unknown): FieldSet {
  if (after === undefined || before === after) return NO_FIELDS;
  if (before === undefined) return newFields(shape, after);
  if (isNamed(shape) && isRecord(before) && isRecord(after)) return changedNames(shape, before, after);
  const [old, parts] = [partsOf(shape, before), partsOf(shape, after)];
  if (old === undefined || parts === undefined) return isDeepStrictEqual(before, after) ? NO_FIELDS : ONE_FIELD;
  const byElement = new Map(old.map((part) => [part.element, part.value]));
  return fieldSet(
    false,
    parts.map(({ element, value, shape: own }) => [
      element,
      byElement.has(element) ? changedFields(own, byElement.get(element), value) : addedFields(own, value),
    ]),
  );
}

/** The same for values whose parts have names, looked at without making parts of what is equal. */
function changedNames(shape: Shape, before: Record<string, unknown>, after: Record<string, unknown>): FieldSet {
  const changed: [string, FieldSet][] = [];
  for (const [name, value] of Object.entries(after)) {
    const old = own(before, name);
    if (value === undefined || value === old) continue;
    const below = shapeOfField(shape, name, value);
    changed.push([`f:${name}`, old === undefined ? newFields(below, value) : changedFields(below, old, value)]);
  }
  return changed.length === 0 ? NO_FIELDS : fieldSet(false, changed);
}

/** What every object inherits is no field of it. */
function own(record: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Those of the fields that did not go from `before` to `after`. */
export function keptFields(shape: Shape, before: unknown, after: unknown, fields: FieldSet): FieldSet {
  if (fields.children.size === 0 || before === after) return fields;
  if (isNamed(shape)) {
    const [old, record] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
    return mapped(fields, fields.isMember, (element, below) => {
      const name = element.startsWith('f:') ? element.slice(2) : '';
      const [was, content] = [own(old, name), own(record, name)];
      if (content === undefined) return was === undefined ? below : NO_FIELDS;
      return keptFields(shapeOfField(shape, name, content), was, content, below);
    });
  }
  const [old, items] = [before, after].map((list) => new Map(itemsOf(shape, list)?.map((part) => [part.element, part])));
  return mapped(fields, fields.isMember, (element, below) => {
    const part = items?.get(element);
    if (part === undefined) return old?.has(element) === true ? NO_FIELDS : below;
    return keptFields(part.shape, old?.get(element)?.value, part.value, below);
  });
}

/** `live` with everything that `applied` says. Neither is changed. */
export function merge(shape: Shape, live: unknown, applied: unknown): unknown {
  const [old, parts] = [partsOf(shape, live), partsOf(shape, applied)];
  if (old === undefined || parts === undefined) return applied;
  const byElement = new Map(old.map((part) => [part.element, part.value]));
  const merged = parts.map((part): Part => ({ ...part, value: merge(part.shape, byElement.get(part.element), part.value) }));
  if (isNamed(shape)) return assemble([...old, ...merged]);
  const values = new Map([...old, ...merged].map(({ element, value }) => [element, value]));
  const elements = (list: readonly Part[]) => list.map(({ element }) => element);
  return mergeOrder(elements(old), elements(merged)).map((element) => values.get(element));
}

/** The value without `gone`; an item of which something is in `kept` stays, with its keys. Undefined when nothing is left. */
export function withoutFields(shape: Shape, value: unknown, gone: FieldSet, kept: FieldSet): unknown {
  if (isEmpty(gone)) return value;
  const parts = partsOf(shape, value);
  if (parts === undefined) return gone.isMember && !kept.isMember ? undefined : value;
  const left = parts.flatMap((part): Part[] => {
    const below = gone.children.get(part.element) ?? NO_FIELDS;
    const keptBelow = kept.children.get(part.element) ?? NO_FIELDS;
    if (shape.kind === 'items' && below.isMember && isEmpty(keptBelow)) return [];
    const rest = withoutFields(part.shape, part.value, shape.kind === 'items' ? withoutKeys(below, shape.keys) : below, keptBelow);
    return rest === undefined ? [] : [{ ...part, value: rest }];
  });
  // A map or list that lost all it had is none any more, whoever made it.
  if (left.length === 0 && parts.length > 0 && (!kept.isMember || !isObject(shape))) return undefined;
  return Array.isArray(value) ? left.map((part) => part.value) : assemble(left);
}

function isObject({ kind }: Shape): boolean {
  return kind === 'object' || kind === 'custom';
}

function withoutKeys(fields: FieldSet, keys: readonly string[]): FieldSet {
  return fieldSet(
    false,
    [...fields.children].filter(([element]) => !keys.includes(element.slice(2))),
  );
}

function assemble(parts: readonly Part[]): Record<string, unknown> {
  return Object.fromEntries(parts.map(({ name, value }) => [name, value]));
}

/** What to say of the items of a list that can't be told from each other, if there are some. */
export function repeatedItem(shape: Shape, value: unknown, path = ''): string | undefined {
  const seen = new Set<string>();
  for (const part of partsOf(shape, value) ?? []) {
    const isItem = !isNamed(shape);
    if (isItem && seen.has(part.element)) return `${path}: duplicate entries for key ${elementText(part.element)}`;
    seen.add(part.element);
    const below = repeatedItem(part.shape, part.value, path + elementText(part.element));
    if (below !== undefined) return below;
  }
  return undefined;
}

/** The item of a list that has none of the keys to tell it from others, if there is one: its path. */
export function keylessItem(shape: Shape, value: unknown, path = ''): string | undefined {
  for (const [index, part] of (partsOf(shape, value) ?? []).entries()) {
    const here = isNamed(shape) ? `${path}.${part.name}` : `${path}[${index}]`;
    if (shape.kind === 'items' && (!isRecord(part.value) || part.element === 'k:{}')) return here;
    const below = keylessItem(part.shape, part.value, here);
    if (below !== undefined) return below;
  }
  return undefined;
}
