import { isDeepStrictEqual } from 'node:util';
import { copyOf } from '../copy.ts';
import { badRequest } from '../errors.ts';
import type { ServedResource } from '../resources.ts';
import { isRecord } from '../schema/is-record.ts';
import { type ListField, listField } from '../schema/list-fields.ts';
import { schemas, type TypeSchema } from '../schema/schemas.ts';
import { interleave } from './interleave.ts';

type Fields = Record<string, unknown>;
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/**
 * Kubernetes' strategic merge patch: like a merge patch, but lists whose items have a merge key merge item by item, and the
 * directives $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder are obeyed. `target` is left as it is.
 * Errors: 400 for a malformed directive.
 */
export function strategicMergePatch(resource: ServedResource, target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('a strategic merge patch must be an object');
  return mergeObject(resource.model, isRecord(target) ? target : {}, patch);
}

function mergeObject(model: string | undefined, target: Fields, patch: Fields): Fields {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  if (patch.$patch !== undefined && patch.$patch !== 'merge') throw badRequest(`"${String(patch.$patch)}" is no value of $patch: use replace, merge or delete`);
  const result: Fields = { ...target };
  if (Array.isArray(patch.$retainKeys)) {
    const kept: readonly unknown[] = patch.$retainKeys;
    for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) deleteFromList(result, key.slice(DELETE_FROM.length), value);
    else if (key.startsWith('$')) continue;
    else if (value === null) delete result[key];
    else setOwn(result, key, mergeField(model, key, Object.hasOwn(result, key) ? result[key] : undefined, value, patch[`${ORDER}${key}`]));
  }
  for (const [key, order] of Object.entries(patch)) {
    const name = key.startsWith(ORDER) ? key.slice(ORDER.length) : undefined;
    if (name !== undefined && !(name in patch) && Array.isArray(result[name])) result[name] = reorder(result[name], order, factsOf(model, name), result[name]);
  }
  return result;
}

const factsOf = (model: string | undefined, field: string) => (model === undefined ? undefined : listField(model, field));

function mergeField(model: string | undefined, key: string, before: unknown, value: unknown, order: unknown): unknown {
  const type = model === undefined ? undefined : schemas.model(model).get(key)?.type;
  if (isRecord(value)) return mergeObject(modelOf(type), isRecord(before) ? before : {}, value);
  if (!Array.isArray(value)) return value;
  const facts = factsOf(model, key);
  if (facts === undefined || !facts.patchStrategy.includes('merge')) return copyOf(value);
  const target = Array.isArray(before) ? before : [];
  const merged =
    facts.mergeKey === '' ? mergePrimitives(target, value) : mergeItems(type?.kind === 'list' ? modelOf(type.of) : undefined, facts.mergeKey, target, value);
  return order === undefined ? merged : reorder(merged, order, facts, target);
}

function modelOf(type: TypeSchema | undefined): string | undefined {
  return type?.kind === 'model' ? type.name : undefined;
}

function mergePrimitives(target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...target, ...patch.filter((item) => !target.some((known) => isDeepStrictEqual(known, item)))];
}

function mergeItems(model: string | undefined, mergeKey: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (patch.some((item) => isRecord(item) && item.$patch === 'replace' && Object.keys(item).length === 1)) {
    return patch.filter((item) => !(isRecord(item) && item.$patch === 'replace')).map((item) => copyOf(item));
  }
  const result = [...target];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`an item of a list that merges by "${mergeKey}" must be an object`);
    const wanted = item[mergeKey];
    if (wanted === undefined) throw badRequest(`map: an item does not contain the declared merge key: ${mergeKey}`);
    const index = result.findIndex((known) => isRecord(known) && known[mergeKey] === wanted);
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) result.push(mergeObject(model, {}, item));
    else result[index] = mergeObject(model, result[index] as Fields, item); // findIndex saw a record there
  }
  return result;
}

function deleteFromList(result: Fields, key: string, value: unknown): void {
  if (!Array.isArray(value)) throw badRequest(`${DELETE_FROM}${key} must be a list`);
  const list = result[key];
  if (Array.isArray(list)) result[key] = list.filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)));
}

/**
 * Items that the order names stand in its order; each of the others comes before the first of those that it stood before in
 * `standing`, the list as it was.
 */
function reorder(list: readonly unknown[], order: unknown, facts: ListField | undefined, standing: readonly unknown[]): unknown[] {
  if (!Array.isArray(order)) throw badRequest('$setElementOrder must be a list');
  const mergeKey = facts?.mergeKey ?? '';
  const identity = (item: unknown) => (mergeKey !== '' && isRecord(item) ? item[mergeKey] : item);
  const wanted = order.map(identity);
  const place = (item: unknown) => standing.findIndex((known) => isDeepStrictEqual(identity(known), identity(item)));
  const named = wanted.flatMap((id) => list.filter((item) => isDeepStrictEqual(identity(item), id)));
  const others = list.filter((item) => !wanted.some((id) => isDeepStrictEqual(identity(item), id)));
  return interleave(named, others, place);
}

/** Also for the name `__proto__`, which assignment would take for something else. */
function setOwn(object: Fields, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function withoutDirectives(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}
