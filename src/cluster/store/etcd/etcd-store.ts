import { status } from '@grpc/grpc-js';
import { type Clock, type Random, systemRandom, type Timer } from '#kit';
import { compacted, futureRevision, leaseNotFound, noTimes, outcomeUnknown, revisionConflict, storeClosed } from '../errors.ts';
import { refuseDoubleKeys } from '../distinct.ts';
import { bytesOf } from '../late.ts';
import type {
  Lease,
  LeaseId,
  PutOptions,
  RangeOptions,
  RangeResult,
  Revision,
  Store,
  StoredItem,
  StoreEvent,
  StoreValue,
  StoreWrite,
  Transacted,
  WatchOptions,
} from '../types.ts';
import { type EtcdAccess, EtcdConnection, isServiceError } from './connection.ts';
import { EtcdLeases, isLeaseMissing } from './leases.ts';
import {
  decodeRange,
  decodeTransaction,
  encodeCompaction,
  encodeRange,
  encodeTransaction,
  endOfPrefix,
  type KeyValue,
  type Operation,
  type RangeWanted,
  type Transaction,
  type WatchEvent,
} from './messages.ts';
import { EtcdWatch } from './watch.ts';
import { throwLater } from '../watchers.ts';

export interface EtcdStoreOptions extends EtcdAccess {
  readonly clock: Clock;
  /** For the ids of leases; the machine's without it. */
  readonly random?: Random;
  /** Before every key, so that others may use the same etcd. Default: `/gantry`. */
  readonly prefix?: string;
  /** History is kept for so long at least, and twice as long at most. */
  readonly historyKept_ms?: number;
  /** Hears what a watcher threw, and why history could not be compacted. */
  readonly onError?: (error: unknown) => void;
}

const PREFIX_DEFAULT = '/gantry';
const HISTORY_KEPT_MS = 300_000;
/** A range is read in pieces of so many items, all as of one revision. */
const PIECE_ITEMS = 2000;

/**
 * The store in a cluster of etcd (3.4 or later), which others may write to as well. A write with an expected revision is put to the next
 * member when an answer is lost, and then told from another's by what stands there; one without is not repeated.
 */
export class EtcdStore implements Store {
  readonly shared = true;
  readonly #connection: EtcdConnection;
  readonly #leases: EtcdLeases;
  readonly #prefix: string;
  readonly #onError: (error: unknown) => void;
  readonly #watches = new Set<EtcdWatch>();
  #compaction: Timer | undefined;
  #closed = false;

  /** Errors: `STORE_UNAVAILABLE`. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options);
    try {
      store.#compactLater(await store.revision(), options.historyKept_ms ?? HISTORY_KEPT_MS);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  private constructor(options: EtcdStoreOptions) {
    this.#connection = new EtcdConnection(options, options.clock);
    this.#leases = new EtcdLeases(this.#connection, options.random ?? systemRandom);
    this.#prefix = options.prefix ?? PREFIX_DEFAULT;
    this.#onError = options.onError ?? throwLater;
  }

  async revision(): Promise<Revision> {
    return (await this.#range({ key: this.#prefix, countOnly: true })).revision;
  }

  async revisionAt(): Promise<Revision> {
    throw noTimes();
  }

  async get(key: string, revision?: Revision): Promise<StoredItem | undefined> {
    const { items } = await this.#range({ key: this.#prefix + key, ...(revision === undefined ? {} : { revision }) });
    return items[0];
  }

  async range(prefix: string, { limit = Number.POSITIVE_INFINITY, after, revision }: RangeOptions = {}): Promise<RangeResult> {
    const end = endOfPrefix(this.#prefix + prefix);
    const items: StoredItem[] = [];
    let from = after === undefined || after < prefix ? this.#prefix + prefix : `${this.#prefix}${after}\0`;
    let at = revision;
    let count: number | undefined;
    for (;;) {
      const piece = Math.min(limit - items.length, PIECE_ITEMS);
      const found = await this.#range({ key: from, end, limit: piece, ...(at === undefined ? {} : { revision: at }) });
      items.push(...found.items);
      at ??= found.revision;
      count ??= found.count;
      const last = found.items.at(-1);
      if (!found.more || items.length >= limit || last === undefined) return { items, revision: at, more: found.more, count };
      from = `${this.#prefix}${last.key}\0`;
    }
  }

  async put(key: string, given: StoreValue, { expected, lease }: PutOptions = {}): Promise<StoredItem> {
    const value = bytesOf(given);
    const name = this.#prefix + key;
    const bound = lease === undefined ? {} : { lease };
    const { succeeded, repeated, answers } = await this.#change(key, expected, [{ put: name, value, ...bound }, { range: name }], bound);
    const standing = answers.at(-1)?.[0];
    if (succeeded && standing !== undefined) return this.#item(standing);
    // An attempt whose answer was lost may have been done: then what stands there is what was to be written.
    const isOurs = repeated && standing !== undefined && standing.modRevision > (expected ?? 0) && Buffer.compare(standing.value, value) === 0;
    if (isOurs) return this.#item(standing);
    throw revisionConflict(key, expected ?? 0, standing?.modRevision ?? 0);
  }

  async delete(key: string, { expected }: { readonly expected?: Revision } = {}) {
    const name = this.#prefix + key;
    const { succeeded, repeated, revision, answers } = await this.#change(key, expected, [{ delete: name }]);
    const found = answers.at(-1)?.[0];
    if (succeeded) return found === undefined ? undefined : { revision, previous: this.#item(found) };
    if (repeated && found === undefined && expected !== undefined && expected > 0) return this.#deletionAfter(key, expected);
    throw revisionConflict(key, expected ?? 0, found?.modRevision ?? 0);
  }

  async transact(writes: readonly StoreWrite[]): Promise<Transacted> {
    refuseDoubleKeys(writes);
    const named = writes.map((write) => ({ ...write, name: this.#prefix + write.key }));
    const look = named.map(({ name }) => ({ range: name }));
    const { succeeded, repeated, revision, answers } = await this.#ask(
      {
        compare: named.flatMap(({ name, expected }) => (expected === undefined ? [] : [{ key: name, modRevision: expected }])),
        success: [
          ...named.map(({ name, value, lease }) =>
            value === undefined ? { delete: name } : { put: name, value: bytesOf(value), ...(lease === undefined ? {} : { lease }) },
          ),
          ...look,
        ],
        failure: look,
      },
      writes,
    );
    const standing = answers.slice(-writes.length).map(([found]) => (found === undefined ? undefined : this.#item(found)));
    const isOurs = succeeded || (repeated && writes.every((write, index) => isDone(write, standing[index])));
    if (isOurs) return { revision: Math.max(0, ...standing.map((item) => item?.modRevision ?? 0)) || revision, items: standing };
    const index = writes.findIndex(({ expected }, at) => expected !== undefined && expected !== (standing[at]?.modRevision ?? 0));
    throw revisionConflict(writes[index]?.key ?? '', writes[index]?.expected ?? 0, standing[index]?.modRevision ?? 0);
  }

  async watch(prefix: string, after: Revision, onEvents: (events: readonly StoreEvent[]) => void, options: WatchOptions = {}): Promise<Disposable> {
    // etcd itself would begin one at the last forgotten revision, of which a deletion may be missing.
    await this.#range({ key: this.#prefix, countOnly: true, revision: after }).catch((error: unknown) => {
      if (!isCode(error, 'FUTURE_REVISION')) throw error;
    });
    const watch = await EtcdWatch.open(this.#connection, {
      prefix: this.#prefix + prefix,
      after,
      onEvents: (events) => {
        try {
          onEvents(events.map((event) => this.#event(event)));
        } catch (error) {
          this.#onError(error);
        }
      },
      onLost: options.onLost ?? this.#onError,
    });
    if (this.#closed) watch[Symbol.dispose]();
    else this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        this.#watches.delete(watch);
        watch[Symbol.dispose]();
      },
    };
  }

  async grantLease(ttl_s: number): Promise<Pick<Lease, 'id' | 'ttl_s'>> {
    this.#mustBeOpen();
    return await this.#leases.grant(ttl_s);
  }

  async keepLeaseAlive(id: LeaseId): Promise<void> {
    this.#mustBeOpen();
    await this.#leases.keepAlive(id);
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#mustBeOpen();
    await this.#leases.revoke(id);
  }

  async lease(id: LeaseId): Promise<Lease> {
    this.#mustBeOpen();
    const { keys, ...lease } = await this.#leases.find(id);
    return { ...lease, keys: keys.filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length)) };
  }

  async compact(revision: Revision): Promise<void> {
    this.#mustBeOpen();
    try {
      await this.#connection.ask('/etcdserverpb.KV/Compact', encodeCompaction(revision), () => undefined);
    } catch (error) {
      const refused = refusalOf(error, revision);
      // Another one did it already.
      if (!isCode(refused, 'COMPACTED')) throw refused;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#compaction?.[Symbol.dispose]();
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#watches.clear();
    this.#connection.close();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed();
  }

  async #range(wanted: RangeWanted) {
    this.#mustBeOpen();
    try {
      const { value } = await this.#connection.ask('/etcdserverpb.KV/Range', encodeRange(wanted), decodeRange);
      return { ...value, items: value.items.map((item) => this.#item(item)) };
    } catch (error) {
      throw refusalOf(error, wanted.revision ?? 0);
    }
  }

  /** Does it if the key stands at the expected revision, and else answers what stands there. */
  async #change(key: string, expected: Revision | undefined, success: readonly Operation[], bound: Pick<StoreWrite, 'lease'> = {}) {
    const name = this.#prefix + key;
    const compare = expected === undefined ? [] : [{ key: name, modRevision: expected }];
    return await this.#ask({ compare, success, failure: [{ range: name }] }, [{ key, ...bound, ...(expected === undefined ? {} : { expected }) }]);
  }

  /** Repeats it where it would not be done twice: what it compares is not as before once it is done. */
  async #ask(transaction: Transaction, writes: readonly StoreWrite[]) {
    this.#mustBeOpen();
    const repeat = writes.some(({ expected, value }) => expected !== undefined && (expected > 0 || value !== undefined || writes.length === 1));
    try {
      const { value, repeated } = await this.#connection.ask('/etcdserverpb.KV/Txn', encodeTransaction(transaction), decodeTransaction, { repeat });
      return { ...value, repeated };
    } catch (error) {
      if (isLeaseMissing(error)) throw leaseNotFound(writes.find(({ lease }) => lease !== undefined)?.lease ?? 0);
      if (!repeat && isServiceError(error)) throw outcomeUnknown(writes.map(({ key }) => key).join(', '), error);
      throw error;
    }
  }

  /** How the key that stood at that revision was deleted. */
  async #deletionAfter(key: string, expected: Revision): Promise<{ readonly revision: Revision; readonly previous: StoredItem }> {
    const found = Promise.withResolvers<{ readonly revision: Revision; readonly previous: StoredItem }>();
    const look = (events: readonly StoreEvent[]) => {
      for (const event of events) if (event.type === 'delete' && event.key === key) found.resolve(event);
    };
    using _watch = await this.watch(key, expected, look, { onLost: found.reject });
    return await found.promise;
  }

  #item({ key, value, createRevision, modRevision, lease }: KeyValue): StoredItem {
    return { key: key.slice(this.#prefix.length), value, createRevision, modRevision, ...(lease === 0 ? {} : { lease }) };
  }

  #event({ deleted, item, previous }: WatchEvent): StoreEvent {
    const before = previous === undefined ? undefined : this.#item(previous);
    if (!deleted) return before === undefined ? { type: 'put', item: this.#item(item) } : { type: 'put', item: this.#item(item), previous: before };
    if (before === undefined) throw new TypeError('a deletion without what stood there was let through');
    return { type: 'delete', key: before.key, revision: item.modRevision, previous: before };
  }

  /** Forgets what was past when the last such time began. Several servers on one etcd may do so: nobody forgets what is younger. */
  #compactLater(revision: Revision, kept_ms: number): void {
    this.#compaction = this.#connection.clock.setTimer(kept_ms, () => {
      const compact = async () => {
        const now = await this.revision();
        await this.compact(revision);
        return now;
      };
      compact().then(
        (now) => this.#closed || this.#compactLater(now, kept_ms),
        (error: unknown) => {
          if (this.#closed) return;
          this.#onError(error);
          this.#compactLater(revision, kept_ms);
        },
      );
    });
    this.#compaction.unref();
  }
}

/** Whether what stands there is what was to be written. */
function isDone({ value, expected = 0 }: StoreWrite, standing: StoredItem | undefined): boolean {
  if (value === undefined) return standing === undefined;
  return standing !== undefined && standing.modRevision > expected && Buffer.compare(standing.value, bytesOf(value)) === 0;
}

/** etcd's words for what our errors say: it has one code for both. */
function refusalOf(error: unknown, wanted: Revision): unknown {
  if (!isServiceError(error) || error.code !== status.OUT_OF_RANGE) return error;
  return error.details.includes('compacted') ? compacted(wanted, wanted + 1) : futureRevision(wanted, wanted - 1);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
