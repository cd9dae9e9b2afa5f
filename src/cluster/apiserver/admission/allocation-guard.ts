import type { KubeObject } from '#cluster/api';
import { RevisionConflictError, type Store, type StoreWrite } from '#cluster/store';
import { KeyedMutex } from '#kit';
import { storedText } from '../cache/bytes.ts';
import { objectKey } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';

/** Each time another server was quicker, and so got on. */
const TRIES_MAX = 64;

/**
 * Lets one at a time choose what nobody else has, also where several API servers stand on one store. What is taken is read off the objects
 * themselves; a mark in the store changes with each choice, together with the object that has it, so that a choice which was made without knowing
 * of another one is not written. Nothing is left to be mended after a crash.
 */
export class AllocationGuard {
  readonly #store: Store;
  readonly #cache: ObjectCache;
  readonly #mark: KubeObject;
  readonly #key: string;
  readonly #mutex = new KeyedMutex();
  #expected = 0;

  constructor(store: Store, cache: ObjectCache, name: string) {
    this.#store = store;
    this.#cache = cache;
    // As Kubernetes calls its own, which it doesn't serve either.
    this.#mark = { apiVersion: 'v1', kind: 'RangeAllocation', metadata: { name } };
    this.#key = objectKey({ group: '', resource: 'rangeallocations' }, undefined, name);
  }

  /** Runs a task that chooses by the cache and writes with `mark`; again where another server chose meanwhile. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#mutex.run('', async () => {
      for (let tries = 1; ; tries++) {
        await this.#catchUp();
        try {
          return await task();
        } catch (error) {
          const isOvertaken = error instanceof RevisionConflictError && error.key === this.#key;
          if (!isOvertaken || tries === TRIES_MAX) throw error;
        }
      }
    });
  }

  /** What is to be written with what was chosen. */
  mark(): readonly StoreWrite[] {
    return this.#store.shared ? [{ key: this.#key, value: storedText(this.#mark), expected: this.#expected }] : [];
  }

  /** The cache knows all choices up to the mark as it is now. */
  async #catchUp(): Promise<void> {
    if (!this.#store.shared) return;
    this.#expected = (await this.#store.get(this.#key))?.modRevision ?? 0;
    await this.#cache.reached(this.#expected);
  }
}
