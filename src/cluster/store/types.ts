/** A place in the store's history; grows by one with every write (etcd's revision). */
export type Revision = number;

export interface StoredItem {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}
export type StoreEvent =
  | { readonly type: 'put'; readonly item: StoredItem /** What stood there before, unless it was made. */; readonly previous?: StoredItem }
  | { readonly type: 'delete'; readonly key: string; readonly revision: Revision; readonly previous: StoredItem };

/** A revisioned key-value store with watch, in etcd's data model. Knows nothing of kinds. Implementations: memory, LMDB. */
export interface Store {
  revision(): Promise<Revision>;
  get(key: string, revision?: Revision): Promise<StoredItem | undefined>;
  /**
   * Keys that begin with `prefix`, in order, as of `revision` (now without it). Errors: `COMPACTED`, `FUTURE_REVISION`.
   * `count` is of all keys under the prefix from `after` on.
   */
  range(
    prefix: string,
    options?: { readonly limit?: number; readonly after?: string; readonly revision?: Revision },
  ): Promise<{ readonly items: readonly StoredItem[]; readonly revision: Revision; readonly more: boolean; readonly count: number }>;
  /** Durable when it resolves. `expected` is the modRevision that must stand there, 0 for nothing. Rejects with `REVISION_CONFLICT`. */
  put(key: string, value: Uint8Array, options?: { readonly expected?: Revision }): Promise<StoredItem>;
  delete(key: string, options?: { readonly expected?: Revision }): Promise<{ readonly revision: Revision; readonly previous: StoredItem } | undefined>;
  /**
   * Events under `prefix` after revision `after`, in order, each only once its commit is durable. Calls `onEvents` with batches of
   * one or more whole revisions. Errors: `COMPACTED` when `after` is no longer kept.
   */
  watch(prefix: string, after: Revision, onEvents: (events: readonly StoreEvent[]) => void): Promise<Disposable>;
  /** Forgets history before `revision`. */
  compact(revision: Revision): Promise<void>;
  close(): Promise<void>;
}
