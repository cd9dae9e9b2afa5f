import type { KubeObject } from '#cluster/api';

const OWNERS_MAX = 1024;

/**
 * Makes objects of JSON share what they have in common, so that a thousand Pods of one ReplicaSet cost little more memory than one. Each is
 * compared with the one before it of the same owner only, which costs less than freezing what is then shared.
 */
export class Siblings {
  /** By the owner: the last of them. What it holds of objects that are gone is bounded. */
  readonly #last = new Map<string, KubeObject>();

  /** The object with parts of the one that stood there before, or of its last sibling. Parts that are not frozen may be replaced in place. */
  share(object: KubeObject, previous: KubeObject | undefined): void {
    const owner = object.metadata.ownerReferences?.[0]?.uid ?? '';
    const like = previous ?? this.#last.get(owner);
    if (this.#last.size >= OWNERS_MAX && !this.#last.has(owner)) this.#last.clear();
    this.#last.set(owner, object);
    if (like !== undefined && like !== object) shareParts(object, like);
  }
}

type Parts = Record<string, unknown>;

/** Replaces every part that is equal to the one at the same place by that one; answers whether all of it is equal. */
function shareParts(value: object, like: object): boolean {
  if (Array.isArray(value) !== Array.isArray(like)) return false;
  const [mine, theirs] = [value as Parts, like as Parts]; // JSON's objects and lists, by their keys
  const keys = Object.keys(mine);
  let isEqual = keys.length === Object.keys(theirs).length;
  const texts: string[] = [];
  for (const key of keys) {
    const part = mine[key];
    const other = theirs[key];
    if (typeof part === 'string' && part === other) texts.push(key);
    else if (typeof part !== 'object' || part === null) isEqual &&= part === other && part !== undefined;
    else if (part === other) continue;
    // What every object has by birth is no part of it.
    else if (typeof other !== 'object' || other === null || !Object.hasOwn(theirs, key) || !shareParts(part, other)) isEqual = false;
    else if (!Object.isFrozen(mine)) mine[key] = other;
  }
  // Times are mostly the same, too. What is equal as a whole is replaced by whoever holds it.
  if (!isEqual && !Object.isFrozen(mine)) for (const key of texts) mine[key] = theirs[key];
  return isEqual;
}
