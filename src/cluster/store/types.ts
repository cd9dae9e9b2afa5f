/** A place in the store's history; grows with every write (etcd's revision). */
export type Revision = number;

/** Of a time to live that keys are bound to. */
export type LeaseId = number;

/** A value whose bytes are made when somebody wants them; the same ones each time. */
export interface LateBytes {
  readonly bytes: Uint8Array;
}
/** What may be put. */
export type StoreValue = Uint8Array | LateBytes;

export interface StoredItem {
  readonly key: string;
  /** May be read from where it is kept, each time: while the store is open. Errors: `COMPACTED` where it was forgotten meanwhile. */
  readonly value: Uint8Array;
  /** The value as it was put, of a store that `keepsLate`. */
  readonly late?: LateBytes;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** With which it ends. */
  readonly lease?: LeaseId;
}
export interface Lease {
  readonly id: LeaseId;
  /** Of which it was granted, in whole seconds. */
  readonly ttl_s: number;
  /** Whole seconds until it ends, unless it is kept alive. */
  readonly left_s: number;
  /** What ends with it, in order. */
  readonly keys: readonly string[];
}
export type StoreEvent =
  | { readonly type: 'put'; readonly item: StoredItem /** What stood there before, unless it was made. */; readonly previous?: StoredItem }
  | { readonly type: 'delete'; readonly key: string; readonly revision: Revision; readonly previous: StoredItem };

export interface RangeOptions {
  readonly limit?: number;
  /** Only keys past this one. */
  readonly after?: string;
  /** As of when; now without it. */
  readonly revision?: Revision;
}
export interface RangeResult {
  readonly items: readonly StoredItem[];
  readonly revision: Revision;
  readonly more: boolean;
  /** Of all keys under the prefix from `after` on. */
  readonly count: number;
}
/** One write of a transaction. */
export interface StoreWrite {
  readonly key: string;
  /** Without it the key is deleted, if it is there. */
  readonly value?: StoreValue;
  /** The modRevision that must stand there, 0 for nothing; whatever it is without. */
  readonly expected?: Revision;
  /** The value ends with it. */
  readonly lease?: LeaseId;
}
export interface Transacted {
  /** Of all that was written; of now where nothing was. */
  readonly revision: Revision;
  /** What stands under the key of each write. */
  readonly items: readonly (StoredItem | undefined)[];
}
export interface PutOptions {
  readonly expected?: Revision;
  readonly lease?: LeaseId;
}
export interface WatchOptions {
  /**
   * Hears `COMPACTED` when the watch has ended because what comes next was forgotten before it was told: read the present state and watch
   * from there. Happens to a store that was out of reach for long; one in this process never loses.
   */
  readonly onLost?: (error: Error) => void;
}

/** A revisioned key-value store with watch, in etcd's data model. Knows nothing of kinds. Implementations: memory, LMDB, etcd. */
export interface Store {
  /**
   * Whether others may write to it: its revision then also grows by what no watch here tells, and what a watch has told may be older than
   * what a read finds. Otherwise writers and watchers in this process see one order.
   */
  readonly shared: boolean;
  /** Whether it keeps late bytes as they were put and asks for them only when the value is read; others ask at once. */
  readonly keepsLate?: boolean;
  revision(): Promise<Revision>;
  get(key: string, revision?: Revision): Promise<StoredItem | undefined>;
  /** Keys that begin with `prefix`, in order, as of one revision. Errors: `COMPACTED`, `FUTURE_REVISION`. */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /**
   * Durable when it resolves. `expected` is the modRevision that must stand there, 0 for nothing. The key ends with the `lease`, and with no
   * other that it had. Rejects with `REVISION_CONFLICT`, `LEASE_NOT_FOUND`.
   */
  put(key: string, value: StoreValue, options?: PutOptions): Promise<StoredItem>;
  delete(key: string, options?: { readonly expected?: Revision }): Promise<{ readonly revision: Revision; readonly previous: StoredItem } | undefined>;
  /**
   * All of it under one revision, or nothing where one key doesn't stand as it must. Each key stands in it once. Durable when it resolves.
   * Rejects with `REVISION_CONFLICT`, which names the key, or `LEASE_NOT_FOUND`.
   */
  transact(writes: readonly StoreWrite[]): Promise<Transacted>;
  /**
   * Events under `prefix` after revision `after`, in order, each only once its commit is durable. Calls `onEvents` with batches of
   * one or more whole revisions. Errors: `COMPACTED` when `after` is no longer kept.
   */
  watch(prefix: string, after: Revision, onEvents: (events: readonly StoreEvent[]) => void, options?: WatchOptions): Promise<Disposable>;
  /**
   * The last revision that was there at that moment (milliseconds since the Unix epoch). Errors: `COMPACTED` for one before what is kept,
   * with how far back it goes; `NO_TIMES` where the store does not know when its revisions were written.
   */
  revisionAt(time_ms: number): Promise<Revision>;
  /**
   * A lease of so many seconds or, where the store has no shorter ones, of more. When it ends, all keys that are bound to it are deleted under
   * one revision. It outlives a restart of the store: it then lasts as long as it was granted for, or, of more than some minutes, as was left of it.
   */
  grantLease(ttl_s: number): Promise<Pick<Lease, 'id' | 'ttl_s'>>;
  /** It lasts as long again as it was granted for. Errors: `LEASE_NOT_FOUND`. */
  keepLeaseAlive(id: LeaseId): Promise<void>;
  /** Ends it now. Errors: `LEASE_NOT_FOUND`. */
  revokeLease(id: LeaseId): Promise<void>;
  /** Errors: `LEASE_NOT_FOUND`. */
  lease(id: LeaseId): Promise<Lease>;
  /** Forgets history before `revision`. */
  compact(revision: Revision): Promise<void>;
  close(): Promise<void>;
}
