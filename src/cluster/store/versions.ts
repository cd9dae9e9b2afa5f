import type { EntryId } from './journal.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { Revision, StoredItem } from './types.ts';

/** What stood under a key from a revision on; no item: nothing. */
export interface Version extends EntryId {
  readonly item?: StoredItem;
}

/** Every kept version of every key, keys in order. Knows nothing of durability or watchers. */
export class Versions {
  readonly #byKey = new Map<string, Version[]>();
  readonly #keys = new SortedKeys();

  /** Adds the next version of the key; answers the item that stood there before. */
  add(key: string, version: Version): StoredItem | undefined {
    const versions = this.#byKey.get(key);
    if (versions === undefined) {
      this.#byKey.set(key, [version]);
      this.#keys.add(key);
      return undefined;
    }
    const previous = versions.at(-1)?.item;
    versions.push(version);
    return previous;
  }

  /** What stood under the key at that revision. */
  at(key: string, revision: Revision): StoredItem | undefined {
    return this.#byKey.get(key)?.findLast((version) => version.revision <= revision)?.item;
  }

  /** Items under the prefix at that revision, keys after `after`, in order. */
  *under(prefix: string, revision: Revision, after?: string): Generator<StoredItem> {
    const from = after === undefined || after < prefix ? prefix : after;
    for (const key of this.#keys.from(from)) {
      if (!key.startsWith(prefix)) return;
      if (key === after) continue;
      const item = this.at(key, revision);
      if (item !== undefined) yield item;
    }
  }

  /** Forgets what no reader of these keys at `revision` or later can see; answers which went. */
  compact(revision: Revision, keys: Iterable<string>): Version[] {
    const forgotten: Version[] = [];
    for (const key of keys) {
      const versions = this.#byKey.get(key);
      if (versions === undefined) continue;
      const latest = versions.findLastIndex((version) => version.revision <= revision);
      if (latest < 0) continue;
      const first = versions[latest]?.item === undefined ? latest + 1 : latest;
      forgotten.push(...versions.splice(0, first));
      if (versions.length === 0) this.#remove(key);
    }
    return forgotten;
  }

  #remove(key: string): void {
    this.#byKey.delete(key);
    this.#keys.remove(key);
  }
}
