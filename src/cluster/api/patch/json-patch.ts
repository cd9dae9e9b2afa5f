import { isDeepStrictEqual } from 'node:util';
import { copyOf } from '../copy.ts';
import { badRequest, StatusError } from '../errors.ts';
import { isRecord } from '../schema/is-record.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** JSON Patch (RFC 6902); `target` is left as it is. Errors: 400 for a malformed patch, 422 for one that can't be applied. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  let document = copyOf(target);
  for (const [index, item] of patch.entries()) document = applyOne(document, readOperation(item, index));
  return document;
}

function readOperation(item: unknown, index: number): Operation {
  if (!isRecord(item) || typeof item.op !== 'string' || typeof item.path !== 'string')
    throw refused(`operation ${index} of the JSON patch needs the strings "op" and "path"`);
  // Who names no value means null.
  const { op, path, from, value = null } = item;
  if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw refused(`operation ${index} of the JSON patch, ${op}, needs the string "from"`);
  return { op, path, value, ...(typeof from === 'string' ? { from } : {}) };
}

function applyOne(document: unknown, { op, path, from = '', value }: Operation): unknown {
  switch (op) {
    case 'add':
      return add(document, path, copyOf(value));
    case 'remove':
      return remove(document, path);
    case 'replace':
      return set(document, path, copyOf(value));
    case 'copy':
      return add(document, path, copyOf(read(document, from)));
    case 'move': {
      if (path.startsWith(`${from}/`)) throw cannotApply(path, 'a value can not be moved into itself');
      const moved = read(document, from);
      return add(remove(document, from), path, moved);
    }
    case 'test':
      if (!isDeepStrictEqual(read(document, path), value)) throw cannotApply(path, 'the value there is not the one that the test operation names');
      return document;
    default:
      throw refused(`"${op}" is no JSON patch operation: use add, remove, replace, move, copy or test`);
  }
}

function pointer(path: string): string[] {
  if (path === '') throw refused('the whole object can not be meant');
  if (!path.startsWith('/')) throw badRequest(`"${path}" is no JSON pointer: it must begin with /`);
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parentOf(document: unknown, path: string): { parent: Record<string, unknown> | unknown[]; key: string } {
  const parts = pointer(path);
  const key = parts.pop() ?? '';
  const parent = descend(document, parts, path);
  if (Array.isArray(parent) || isRecord(parent)) return { parent, key };
  throw cannotApply(path, 'there is nothing that it could be in');
}

function descend(document: unknown, parts: readonly string[], path: string): unknown {
  let value = document;
  for (const part of parts) {
    value = Array.isArray(value) ? value[indexIn(value, part, path)] : isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    if (value === undefined) throw cannotApply(path, `there is no "${part}"`);
  }
  return value;
}

function read(document: unknown, path: string): unknown {
  return descend(document, pointer(path), path);
}

/** An index from 0; below 0 it is counted from the end. */
function indexIn(list: readonly unknown[], part: string, path: string, most = list.length - 1): number {
  const given = /^-?\d+$/.test(part) ? Number(part) : Number.NaN;
  const index = given < 0 ? given + most + 1 : given;
  if (!(index >= 0 && index <= most)) throw cannotApply(path, `"${part}" is no index of a list of ${list.length}`);
  return index;
}

function set(document: unknown, path: string, value: unknown): unknown {
  const { parent, key } = parentOf(document, path);
  if (Array.isArray(parent)) parent[indexIn(parent, key, path)] = value;
  else put(parent, key, value);
  return document;
}

function add(document: unknown, path: string, value: unknown): unknown {
  const { parent, key } = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : indexIn(parent, key, path, parent.length), 0, value);
  else put(parent, key, value);
  return document;
}

/** Also for the name `__proto__`, which assignment would take for something else. */
function put(parent: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove(document: unknown, path: string): unknown {
  read(document, path);
  const { parent, key } = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key, path), 1);
  else delete parent[key];
  return document;
}

function cannotApply(path: string, why: string): StatusError {
  return refused(`JSON patch at "${path}": ${why}`);
}

function refused(why: string): StatusError {
  return new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {});
}
