import type { KubeObject, ResourceRef, WatchEvent } from '#cluster/api';
import { type Clock, GantryError, type Logger, type Random, systemRandom } from '#kit';
import { Backoff } from './backoff.ts';
import { type Change, ChangeHandlers } from './change-handlers.ts';
import { InformerStoppedError } from './errors.ts';
import { type IndexFunction, keyOfObject, ObjectIndex, objectKey } from './object-index.ts';
import type { RefOf } from './kind-ref.ts';
import type { ClusterClient, Informer, ListOptions, ResourceClient } from './types.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads the waits after failures; the system's without it. */
  readonly random?: Random;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 20_000;
/** A watch that ends sooner than this counts as a failure, so that a server that drops every watch is not stormed. */
const WATCH_SHORTEST_MS = 1000;

/** A cache that follows a resource (see `Informer`). It holds no timer unless the server is away. */
export function createInformer<T extends KubeObject = KubeObject>(client: ClusterClient, ref: RefOf<T>, options: InformerOptions<T>): Informer<T> {
  return new WatchingInformer<T>(client, ref, options);
}

class WatchingInformer<T extends KubeObject> implements Informer<T> {
  readonly #resource: ResourceClient<T>;
  readonly #ref: ResourceRef;
  readonly #options: InformerOptions<T>;
  readonly #cache: ObjectIndex<T>;
  readonly #handlers: ChangeHandlers<T>;
  readonly #stopping = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  #version: string | undefined;
  #synced = false;

  constructor(client: ClusterClient, ref: ResourceRef, options: InformerOptions<T>) {
    this.#resource = client.resource<T>(ref);
    this.#ref = ref;
    this.#options = options;
    this.#cache = new ObjectIndex(options.indexes ?? {});
    const { clock, logger, random = systemRandom } = options;
    this.#handlers = new ChangeHandlers({ resource: ref.resource, clock, logger, random });
    this.#backoff = new Backoff(random, RETRY_FIRST_MS, RETRY_LONGEST_MS);
    // Whoever awaits start() sees the rejection; nobody else has to.
    this.#ready.promise.catch(() => undefined);
  }

  get synced(): boolean {
    return this.#synced;
  }

  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#ready.promise;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#handlers[Symbol.dispose]();
    this.#ready.reject(new InformerStoppedError(this.#ref.resource));
    await this.#running;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#cache.get(objectKey(namespace, name));
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value);
  }

  onChange(handler: (change: Change<T>) => void): Disposable {
    return this.#handlers.add(handler);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      const began_ms = clock.monotonic();
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) this.#version = undefined;
        logger.debug('Cannot follow a resource; trying again', { resource: this.#ref.resource, error });
      }
      if (signal.aborted) return;
      if (clock.monotonic() - began_ms >= WATCH_SHORTEST_MS) this.#backoff.reset();
      await clock.sleep(this.#backoff.next(), signal).catch(() => undefined);
    }
  }

  async #list(): Promise<void> {
    const { metadata, items } = await this.#resource.list({ ...this.#scope(), signal: this.#stopping.signal });
    const gone = new Set(this.#cache.keys());
    for (const item of items) {
      gone.delete(keyOfObject(item));
      this.#put(item);
    }
    for (const key of gone) this.#remove(key, undefined);
    this.#version = metadata.resourceVersion;
    this.#synced = true;
    this.#ready.resolve();
  }

  async #watch(): Promise<void> {
    const from = this.#version === undefined ? {} : { resourceVersion: this.#version };
    const events = this.#resource.watch({ ...this.#scope(), ...from, allowBookmarks: true, signal: this.#stopping.signal });
    for await (const event of events) {
      if (this.#stopping.signal.aborted) return;
      this.#apply(event);
    }
  }

  #apply(event: WatchEvent<T>): void {
    switch (event.type) {
      case 'ERROR':
        throw new GantryError(event.object.reason ?? '', event.object.code, event.object.message);
      case 'BOOKMARK':
        break;
      case 'DELETED':
        this.#remove(keyOfObject(event.object), event.object);
        break;
      default:
        this.#put(event.object);
    }
    this.#version = event.object.metadata.resourceVersion ?? this.#version;
  }

  #put(object: T): void {
    const previous = this.#cache.set(keyOfObject(object), object);
    if (previous === undefined) return this.#handlers.tell({ type: 'added', object });
    if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (previous.metadata.uid === object.metadata.uid) return this.#handlers.tell({ type: 'updated', object, previous });
    this.#handlers.tell({ type: 'deleted', object: previous });
    this.#handlers.tell({ type: 'added', object });
  }

  #remove(key: string, last: T | undefined): void {
    const previous = this.#cache.delete(key);
    if (previous !== undefined) this.#handlers.tell({ type: 'deleted', object: last ?? previous, previous });
  }

  #scope(): ListOptions {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }
}

/** The revision that the watch was to go on from is forgotten: list again. */
function isExpired(error: unknown): boolean {
  return error instanceof GantryError && error.status === 410;
}
