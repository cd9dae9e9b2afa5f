import type { KubeObject } from '#cluster/api';
import type { LeaseId, Store, StoreEvent, StoredItem, StoreWrite } from '#cluster/store';
import { GantryError, type Logger } from '#kit';
import { deepFreeze, rememberUnwritten, rememberWritten, storedText } from './bytes.ts';
import { CollectionCache } from './collection-cache.ts';
import { prefixOfKey, ROOT } from './keys.ts';
import { LateObject } from './late-object.ts';

/** With which lease what is written under a key ends; undefined for none. */
type LeaseFor = (key: string) => Promise<LeaseId> | undefined;

/**
 * The store's present state as frozen objects, fed by one watch of the store. Objects written through `put` are not parsed again:
 * the bytes that come back in the watch are those that went out.
 */
export class ObjectCache {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #leaseFor: LeaseFor;
  readonly #collections = new Map<string, CollectionCache>();
  readonly #inFlight = new Map<string, { readonly bytes: Uint8Array; readonly object: KubeObject }>();
  #waiting: { readonly isDone: () => boolean; readonly resolve: () => void }[] = [];
  #revision = 0;
  #startRevision = 0;
  #watch: Disposable | undefined;
  #stopped = false;

  constructor(store: Store, logger: Logger, leaseFor: LeaseFor = () => undefined) {
    this.#store = store;
    this.#leaseFor = leaseFor;
    this.#logger = logger;
  }

  /** The last revision that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** `known` are objects that were parsed before: those that stand in the store are shared. */
  async start(known: ReadonlyMap<string, KubeObject> = new Map()): Promise<void> {
    const { items, revision } = await this.#store.range(ROOT);
    this.#revision = revision;
    this.#startRevision = revision;
    for (const item of items) {
      const collection = this.#collectionOf(item.key);
      const before = known.get(item.key);
      const isSame = before?.metadata.resourceVersion === String(item.modRevision);
      collection.seed(item.key, isSame ? before : parse(item, collection));
    }
    await this.#follow(revision);
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  collection(prefix: string): CollectionCache {
    let collection = this.#collections.get(prefix);
    if (!collection) {
      collection = new CollectionCache(this.#startRevision);
      this.#collections.set(prefix, collection);
    }
    return collection;
  }

  /** All that stands here now, by the store's keys. */
  objects(): ReadonlyMap<string, KubeObject> {
    return new Map([...this.#collections.values()].flatMap((collection) => [...collection.entries()]));
  }

  collections(): IterableIterator<[string, CollectionCache]> {
    return this.#collections.entries();
  }

  get(key: string): KubeObject | undefined {
    return this.#collectionOf(key).get(key);
  }

  /**
   * Writes `object` (which becomes the cache's: don't change it afterwards) and resolves with it as stored, once it is durable and
   * readers see it. `alongside` is written with it, or neither. Rejects with the store's `REVISION_CONFLICT`, which names the key.
   */
  async put(key: string, object: KubeObject, expected: number, alongside: readonly StoreWrite[] = []): Promise<KubeObject> {
    const value = this.#store.keepsLate === true ? new LateObject(object) : storedText(object);
    const mine = value instanceof LateObject ? undefined : { bytes: value, object };
    if (mine !== undefined) this.#inFlight.set(key, mine);
    try {
      const granted = this.#leaseFor(key);
      const bound = granted === undefined ? {} : { lease: await granted };
      const revision =
        alongside.length === 0
          ? (await this.#store.put(key, value, { expected, ...bound })).modRevision
          : (await this.#store.transact([{ key, value, expected, ...bound }, ...alongside])).revision;
      await this.reached(revision);
      const seen = this.get(key);
      return seen && seen.metadata.resourceVersion === String(revision) ? seen : withRevision(object, revision);
    } finally {
      if (mine !== undefined && this.#inFlight.get(key) === mine) this.#inFlight.delete(key);
    }
  }

  /** Removes the object at that revision; resolves to the revision at which it is gone. */
  async delete(key: string, expected: number): Promise<number> {
    const done = await this.#store.delete(key, { expected });
    if (done) await this.reached(done.revision);
    return done?.revision ?? expected;
  }

  /** Resolves when the cache has seen that revision. */
  reached(revision: number): Promise<void> {
    return this.#until(() => this.#revision >= revision);
  }

  /** Resolves when the key stands at another revision than that one here, or no longer: what the store said, the cache knows. */
  changed(key: string, revision: number): Promise<void> {
    return this.#until(() => this.get(key)?.metadata.resourceVersion !== String(revision));
  }

  #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isDone, resolve }));
  }

  async #follow(revision: number): Promise<void> {
    this.#watch = await this.#store.watch(ROOT, revision, (events) => this.#apply(events), {
      onLost: (error) => {
        this.#logger.warn('Reads the store anew: what came next is forgotten', { error });
        void this.#readAnew();
      },
    });
    if (this.#stopped) this.stop();
  }

  /** Brings the cache to the present where the way there is forgotten: watchers see the difference, as one change of each object. */
  async #readAnew(): Promise<void> {
    while (!this.#stopped) {
      try {
        const { items, revision } = await this.#store.range(ROOT);
        this.#applyDifference(items, revision);
        return await this.#follow(revision);
      } catch (error) {
        // The store itself was patient for long, or was left behind once more.
        if (!(error instanceof GantryError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'COMPACTED')))
          return this.#logger.error('Cannot follow the store any more', { error });
        this.#logger.warn('Cannot read the store yet', { error });
      }
    }
  }

  #applyDifference(items: readonly StoredItem[], revision: number): void {
    const present = new Set(items.map(({ key }) => key));
    const changed = items.filter(({ key, modRevision }) => this.get(key)?.metadata.resourceVersion !== String(modRevision));
    for (const item of changed.toSorted((a, b) => a.modRevision - b.modRevision)) this.#put(item);
    for (const [prefix, collection] of this.#collections) for (const key of collection.keys(prefix)) if (!present.has(key)) this.#remove(key, revision);
    this.#revision = revision;
    this.#wake();
  }

  #collectionOf(key: string): CollectionCache {
    return this.collection(prefixOfKey(key));
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      try {
        this.#applyOne(event);
      } catch (error) {
        this.#logger.error('Cannot apply a change of the store to the cache', { key: event.type === 'put' ? event.item.key : event.key, error });
      }
    }
    this.#wake();
  }

  #wake(): void {
    const reached = this.#waiting.filter(({ isDone }) => isDone());
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.resolve();
  }

  #applyOne(event: StoreEvent): void {
    if (event.type === 'put') this.#put(event.item);
    else this.#remove(event.key, event.revision);
  }

  #put(item: StoredItem): void {
    const { key, modRevision: revision } = item;
    const collection = this.#collectionOf(key);
    const previous = collection.get(key);
    this.#revision = revision;
    collection.apply({ type: 'put', key, revision, object: this.#objectOf(item, collection, previous), ...(previous ? { previous } : {}) });
  }

  #remove(key: string, revision: number): void {
    const collection = this.#collectionOf(key);
    const previous = collection.get(key);
    this.#revision = revision;
    if (previous) collection.apply({ type: 'delete', key, revision, object: withRevision(previous, revision), previous });
  }

  #objectOf(item: StoredItem, collection: CollectionCache, previous: KubeObject | undefined): KubeObject {
    const mine = this.#inFlight.get(item.key);
    if (mine === undefined) return parse(item, collection, previous);
    const { value, modRevision } = item;
    if (Buffer.compare(mine.bytes, value) !== 0) return parse(item, collection, previous);
    return asStored(mine.object, value, modRevision, collection, previous);
  }
}

/** What objects of one resource have in common. */
type Common = Pick<CollectionCache, 'siblings' | 'texts'>;

/** The object that a stored item holds, frozen, with its resourceVersion, and with what it shares with `previous` or its siblings. */
export function parse(item: StoredItem, common?: Common, previous?: KubeObject): KubeObject {
  const { late, modRevision } = item;
  if (late instanceof LateObject) return shared(late, modRevision, common, previous);
  const { value } = item;
  // What stands under the root was written by `put` from a KubeObject.
  const object = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as KubeObject;
  return asStored(object, value, modRevision, common, previous);
}

/** One object for all who read that revision of it, of whichever server on the store. */
function shared(late: LateObject, revision: number, common: Common | undefined, previous: KubeObject | undefined): KubeObject {
  const { object } = late;
  if (Object.isFrozen(object) && object.metadata.resourceVersion === String(revision)) return object;
  const stored = late.becomes(frozen(object, revision, common, previous));
  if (common !== undefined) rememberUnwritten(stored, common.texts);
  return stored;
}

function asStored(object: KubeObject, value: Uint8Array, revision: number, common?: Common, previous?: KubeObject): KubeObject {
  const stored = frozen(object, revision, common, previous);
  rememberWritten(stored, value, revision, common?.texts);
  return stored;
}

function frozen(object: KubeObject, revision: number, common?: Common, previous?: KubeObject): KubeObject {
  const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  common?.siblings.share(stored, previous);
  return deepFreeze(stored);
}

export function withRevision(object: KubeObject, revision: number): KubeObject {
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
