import { decodeFields, type FieldSet } from './field-set.ts';

/** Sets that are known by what is in them. */
const INTERNED_MAX = 4096;

/** A set that stands for all that are equal to it, and so do its parts; with how managedFields carry it (FieldsV1), frozen. */
interface Interned {
  readonly id: number;
  readonly set: FieldSet;
  readonly written: object;
}

/**
 * Objects of one maker have mostly the same fields, and those that differ do so in one branch: each set is kept and written once, its
 * parts too. By whether it is a member, and its elements with the ids of what is below them.
 */
const byContent = new Map<string, Interned>();
const bySet = new WeakMap<FieldSet, Interned>();
/** Weak, too: what is written is held by objects that may never be changed again, and a set is read anew sooner than kept for each of them. */
const byWritten = new WeakMap<object, WeakRef<FieldSet>>();
let last = 0;

/** The set as managedFields carry it (FieldsV1), frozen and shared by all who have the same. */
export function writtenFields(set: FieldSet): object {
  const interned = internedOf(set);
  bySet.set(set, interned);
  remember(interned);
  return interned.written;
}

/** Reads FieldsV1; of what is frozen the answer is kept as long as it is. */
export function readFields(written: unknown): FieldSet {
  if (typeof written !== 'object' || written === null || !Object.isFrozen(written)) return decodeFields(written);
  const known = byWritten.get(written)?.deref();
  if (known) return known;
  const { set } = internedOf(decodeFields(written));
  byWritten.set(written, new WeakRef(set));
  return set;
}

function remember({ set, written }: Interned): void {
  if (byWritten.get(written)?.deref() !== set) byWritten.set(written, new WeakRef(set));
}

function internedOf(set: FieldSet): Interned {
  const known = bySet.get(set);
  if (known) return known;
  const children: [string, Interned][] = [];
  for (const [element, child] of set.children) children.push([element, internedOf(child)]);
  if (children.length > 1) children.sort(([a], [b]) => (a < b ? -1 : 1));
  let content = set.isMember ? '.' : '';
  for (const [element, { id }] of children) content += `${element.length}:${element}#${id}`;
  return byContent.get(content) ?? intern(content, set.isMember, children);
}

function intern(content: string, isMember: boolean, children: readonly (readonly [string, Interned])[]): Interned {
  const written: Record<string, unknown> = isMember && children.length > 0 ? { '.': NOTHING_MORE } : {};
  for (const [element, below] of children) written[element] = below.written;
  last += 1;
  const set: FieldSet = { isMember, children: new Map(children.map(([element, below]) => [element, below.set])) };
  const interned = { id: last, set, written: Object.freeze(written) };
  // Whoever is thrown out is made anew when he is asked for.
  if (byContent.size >= INTERNED_MAX) byContent.clear();
  byContent.set(content, interned);
  bySet.set(set, interned);
  return interned;
}

const NOTHING_MORE = Object.freeze({});
