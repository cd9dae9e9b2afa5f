import { type FieldSet, decodeFields, encodeFields } from './field-set.ts';

/** Objects of one maker have mostly the same fields: each set of them is kept once, and written once. */
const INTERNED_MAX = 4096;
const byText = new Map<string, FieldSet>();
const texts = new WeakMap<FieldSet, object>();
const sets = new WeakMap<object, FieldSet>();

/** The set as managedFields carry it (FieldsV1), frozen and shared by all who have the same. */
export function writtenFields(set: FieldSet): object {
  const known = texts.get(set);
  if (known) return known;
  const written = encodeFields(set);
  const text = JSON.stringify(written);
  const same = byText.get(text);
  const shared = (same && texts.get(same)) ?? freeze(written);
  texts.set(set, shared);
  sets.set(shared, set);
  if (same === undefined) {
    // Whoever is thrown out is made anew when he is asked for.
    if (byText.size >= INTERNED_MAX) byText.clear();
    byText.set(text, set);
  }
  return shared;
}

/** Reads FieldsV1; of what is frozen the answer is kept as long as it is. */
export function readFields(written: unknown): FieldSet {
  if (typeof written !== 'object' || written === null || !Object.isFrozen(written)) return decodeFields(written);
  const known = sets.get(written);
  if (known) return known;
  const set = decodeFields(written);
  sets.set(written, set);
  return set;
}

function freeze<T extends object>(value: T): T {
  for (const below of Object.values(value)) if (typeof below === 'object' && below !== null) freeze(below);
  return Object.freeze(value);
}
