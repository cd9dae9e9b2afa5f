import { isRecord } from '../schema/is-record.ts';

/** A set of fields as a tree of path elements; `isMember` says that the path down to here is in the set itself. */
export interface FieldSet {
  readonly isMember: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const NO_FIELDS: FieldSet = { isMember: false, children: new Map() };
export const ONE_FIELD: FieldSet = { isMember: true, children: new Map() };

/** A set of these parts, leaving out what is empty. */
export function fieldSet(isMember: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = new Map<string, FieldSet>();
  for (const [element, child] of children) if (!isEmpty(child)) kept.set(element, child);
  return { isMember, children: kept };
}

export function isEmpty({ isMember, children }: FieldSet): boolean {
  return !isMember && children.size === 0;
}

/** Answers one of the two where it is the whole. */
export function union(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmpty(other) || one === other) return one;
  if (isEmpty(one)) return other;
  const elements = new Set([...one.children.keys(), ...other.children.keys()]);
  return fieldSet(
    one.isMember || other.isMember,
    [...elements].map((element) => [element, union(one.children.get(element) ?? NO_FIELDS, other.children.get(element) ?? NO_FIELDS)]),
  );
}

export function intersection(one: FieldSet, other: FieldSet): FieldSet {
  return fieldSet(
    one.isMember && other.isMember,
    [...one.children].map(([element, child]) => [element, intersection(child, other.children.get(element) ?? NO_FIELDS)]),
  );
}

/** What is in `one` and not in `other`: `one` itself where nothing of it is. */
export function difference(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmpty(other)) return one;
  return mapped(one, one.isMember && !other.isMember, (element, child) => {
    const below = other.children.get(element);
    return below === undefined ? child : difference(child, below);
  });
}

/** The set with other children: itself where they are the same. */
export function mapped(set: FieldSet, isMember: boolean, child: (element: string, child: FieldSet) => FieldSet): FieldSet {
  let isSame = isMember === set.isMember;
  const children: [string, FieldSet][] = [];
  for (const [element, below] of set.children) {
    const next = child(element, below);
    if (next !== below) isSame = false;
    children.push([element, next]);
  }
  return isSame ? set : fieldSet(isMember, children);
}

export function sameFields(one: FieldSet, other: FieldSet): boolean {
  return isEmpty(difference(one, other)) && isEmpty(difference(other, one));
}

/** The paths of the members as people read them: `.spec.containers[name="a"].image`. */
export function pathsOf(set: FieldSet, path = ''): string[] {
  const children = [...set.children]
    .toSorted(([one], [other]) => byElement(one, other))
    .map(([element, child]) => ({ child, at: path + elementText(element) }));
  return [...children.filter(({ child }) => child.isMember).map(({ at }) => at), ...children.flatMap(({ child, at }) => pathsOf(child, at))];
}

/** Names first, then keys, then values; of one kind by their text. */
function byElement(one: string, other: string): number {
  return KINDS.indexOf(one[0] ?? '') - KINDS.indexOf(other[0] ?? '') || (one < other ? -1 : 1);
}
const KINDS = 'fkv';

export function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  // Made by `partsOf`, or read by `decodeFields`, which checked it.
  const keys = JSON.parse(rest) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
}

/** Reads FieldsV1; what is no field's path is left out. */
export function decodeFields(value: unknown): FieldSet {
  return isRecord(value) ? readFields(value) : NO_FIELDS;
}

function readFields(value: Readonly<Record<string, unknown>>): FieldSet {
  const entries = Object.entries(value);
  return fieldSet(
    '.' in value,
    entries.flatMap(([element, below]): [string, FieldSet][] => {
      if (!isElement(element)) return [];
      return [[element, !isRecord(below) ? NO_FIELDS : Object.keys(below).length === 0 ? ONE_FIELD : readFields(below)]];
    }),
  );
}

function isElement(text: string): boolean {
  if (text.startsWith('f:')) return true;
  if (!text.startsWith('k:') && !text.startsWith('v:')) return false;
  try {
    const value: unknown = JSON.parse(text.slice(2));
    return text.startsWith('v:') || isRecord(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
