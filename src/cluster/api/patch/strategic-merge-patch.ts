import { isDeepStrictEqual } from 'node:util';
import { copyOf } from '../copy.ts';
import { badRequest, unforeseen } from '../errors.ts';
import type { ServedResource } from '../resources.ts';
import { isRecord } from '../schema/is-record.ts';
import { type ListField, listField } from '../schema/list-fields.ts';
import { schemas, type TypeSchema } from '../schema/schemas.ts';
import { goText } from './go-text.ts';
import { interleave } from './interleave.ts';

type Fields = Record<string, unknown>;
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/**
 * Kubernetes' strategic merge patch: like a merge patch, but lists whose items have a merge key merge item by item, and the
 * directives $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder are obeyed. `target` is left as it is.
 * Errors: 400 for a patch that is no object and for keys that are not retained, 500 for other malformed directives, as Kubernetes has it.
 */
export function strategicMergePatch(resource: ServedResource, target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('a strategic merge patch must be an object');
  return mergeObject(resource.model, isRecord(target) ? target : {}, patch);
}

function mergeObject(model: string | undefined, target: Fields, patch: Fields): Fields {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  if (patch.$patch !== undefined) throw unforeseen(`unknown patch type: ${goText(patch.$patch)} in map: ${goText(patch)}`);
  const result: Fields = { ...target };
  if (patch.$retainKeys !== undefined) retain(result, patch, patch.$retainKeys);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) deleteFromList(result, key.slice(DELETE_FROM.length), value);
    else if (key.startsWith(ORDER) || key === '$retainKeys') continue;
    else if (value === null) delete result[key];
    else setOwn(result, key, mergeField(model, key, Object.hasOwn(result, key) ? result[key] : undefined, value, patch[`${ORDER}${key}`]));
  }
  for (const [key, order] of Object.entries(patch)) {
    const name = key.startsWith(ORDER) ? key.slice(ORDER.length) : undefined;
    const list = name === undefined || name in patch ? undefined : result[name];
    if (name === undefined || !Array.isArray(list)) continue;
    const facts = factsOf(model, name);
    checkOrder([], order, facts?.mergeKey ?? '');
    result[name] = reorder(list, order, facts, list);
  }
  return result;
}

/** Takes away what is not to be retained. Errors: 400 for a patch that brings something else than it retains. */
function retain(result: Fields, patch: Fields, kept: unknown): void {
  const brought = Object.entries(patch).filter(([key, value]) => value !== null && !key.startsWith('$'));
  if (!Array.isArray(kept) || brought.some(([key]) => !kept.includes(key))) throw badRequest('invalid patch format of retainKeys');
  for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key];
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
  if (order !== undefined) checkOrder(value, order, facts.mergeKey);
  // What the patch brings stands as the patch has it.
  return reorder(merged, order ?? value, facts, target);
}

function modelOf(type: TypeSchema | undefined): string | undefined {
  return type?.kind === 'model' ? type.name : undefined;
}

function mergePrimitives(target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...target, ...patch.filter((item) => !target.some((known) => isDeepStrictEqual(known, item)))];
}

function mergeItems(model: string | undefined, mergeKey: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (patch.some((item) => isRecord(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isRecord(item) && item.$patch === 'replace')).map((item) => copyOf(item));
  }
  const result = [...target];
  for (const item of patch) {
    if (!isRecord(item)) throw unforeseen(`list element types are not identical: [${goText(target)} ${goText(patch)}]`);
    const wanted = item[mergeKey];
    if (wanted === undefined) throw unforeseen(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
    if (item.$patch === 'merge') throw unforeseen('merging lists cannot yet be specified in the patch');
    const index = result.findIndex((known) => isRecord(known) && known[mergeKey] === wanted);
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) result.push(mergeObject(model, {}, item));
    else result[index] = mergeObject(model, result[index] as Fields, item); // findIndex saw a record there
  }
  return result;
}

function deleteFromList(result: Fields, key: string, value: unknown): void {
  if (!Array.isArray(value)) return;
  const list = result[key];
  if (Array.isArray(list)) result[key] = list.filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)));
}

/** Errors: 500 for an order that is no list, and for one that says nothing of an item that the patch brings. */
function checkOrder(brought: readonly unknown[], order: unknown, mergeKey: string): asserts order is readonly unknown[] {
  if (!Array.isArray(order)) throw unforeseen(`expected a []interface {}, but received a ${typeof order}`);
  const identity = (item: unknown) => (mergeKey !== '' && isRecord(item) ? item[mergeKey] : item);
  const nameless = mergeKey === '' ? undefined : order.find((item) => identity(item) === undefined);
  if (nameless !== undefined) throw unforeseen(`map: ${goText(nameless)} does not contain declared merge key: ${mergeKey}`);
  const kept = brought.filter((item) => !isRecord(item) || item.$patch === undefined);
  const wanted = order.map(identity);
  if (kept.some((item) => !wanted.some((id) => isDeepStrictEqual(id, identity(item)))))
    throw unforeseen(`The order in patch list:\n${goText(kept)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
}

/**
 * Items that the order names stand in its order; each of the others comes before the first of those that it stood before in
 * `standing`, the list as it was.
 */
function reorder(list: readonly unknown[], order: readonly unknown[], facts: ListField | undefined, standing: readonly unknown[]): unknown[] {
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
