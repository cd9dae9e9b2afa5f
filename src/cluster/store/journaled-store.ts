import { refuseDoubleKeys } from './distinct.ts';
import type { Clock } from '#kit';
import { compacted, futureRevision, momentCompacted, revisionConflict, storeClosed, storeFailed } from './errors.ts';
import type { Journal, JournalEntry, LeaseRecord } from './journal.ts';
import { keptItem } from './kept-item.ts';
import { bytesOf } from './late.ts';
import { Leases } from './leases.ts';
import { type StoreOptions, withDefaults } from './store-options.ts';
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
} from './types.ts';
import { Times } from './times.ts';
import { firstAfter, keyOf, revisionOf, Watchers } from './watchers.ts';
import { Versions } from './versions.ts';

/** History grows by at most this many revisions past its limit: a trim is short, so that no writer waits long for it. */
const TRIM_STEP_MAX = 256;

interface Ordered {
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly lease: LeaseId | undefined;
}
interface Pending {
  /** Of one revision. */
  readonly entries: readonly JournalEntry[];
  durable: boolean;
  readonly apply: (events: readonly StoreEvent[]) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * The store over a journal. A write is checked against everything that was ordered before it, durable or not, and gets its
 * revision at once; readers and watchers see it only when it and all before it are durable, in order.
 */
export class JournaledStore implements Store {
  readonly shared = false;
  readonly #journal: Journal;
  readonly #versions = new Versions();
  readonly #events: StoreEvent[] = [];
  /** Live keys with the revisions that were ordered, durable or not. */
  readonly #ordered = new Map<string, Ordered>();
  readonly #pending: Pending[] = [];
  readonly #watchers: Watchers;
  readonly #historyLimit: number;
  readonly #historyAge_ms: number;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #times = new Times();
  readonly #leases: Leases;
  #revision: Revision;
  #assigned: Revision;
  #compacted: Revision;
  #failure: unknown;
  #closed = false;

  /** Reads what the journal kept; closes it where that fails. */
  static async open(journal: Journal, options: StoreOptions = {}): Promise<JournaledStore> {
    try {
      return new JournaledStore(journal, options, await journal.load());
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  private constructor(journal: Journal, options: StoreOptions, loaded: Awaited<ReturnType<Journal['load']>>) {
    const { historyLimit, historyAge_ms, clock, onWatcherError } = withDefaults(options);
    this.#journal = journal;
    this.#historyLimit = historyLimit;
    this.#historyAge_ms = historyAge_ms;
    this.#clock = clock;
    this.#watchers = new Watchers(onWatcherError);
    this.#leases = new Leases(clock, loaded.leases, {
      end: (id) => void this.#endLease(id).catch(() => undefined /* Every later call says so. */),
      keep: (leases) => void this.#kept(leases).catch(() => undefined /* Likewise. */),
    });
    this.#revision = loaded.revision;
    this.#assigned = loaded.revision;
    this.#compacted = loaded.compacted;
    for (const entry of loaded.entries) {
      this.#order(entry);
      const event = this.#record(entry);
      if (entry.time_ms !== undefined && entry.revision >= this.#compacted) this.#times.add(entry.revision, entry.time_ms);
      if (event !== undefined && entry.revision > this.#compacted) this.#events.push(event);
    }
  }

  get keepsLate(): boolean {
    return this.#journal.keepsLate ?? false;
  }

  async revision(): Promise<Revision> {
    return this.#revision;
  }

  async get(key: string, revision?: Revision): Promise<StoredItem | undefined> {
    return this.#versions.at(key, this.#readable(revision));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const revision = this.#readable(options.revision);
    const items: StoredItem[] = [];
    let count = 0;
    for (const item of this.#versions.under(prefix, revision, options.after)) {
      if (options.limit === undefined || count < options.limit) items.push(item);
      count += 1;
    }
    return { items, revision, more: items.length < count, count };
  }

  async put(key: string, value: StoreValue, { expected, lease }: PutOptions = {}): Promise<StoredItem> {
    const standing = this.#check(key, expected, lease);
    const revision = ++this.#assigned;
    const createRevision = standing?.createRevision ?? revision;
    const [event] = await this.#write([{ revision, key, createRevision, value: this.#asKept(value), ...(lease === undefined ? {} : { lease }) }]);
    if (event?.type !== 'put') throw new TypeError('a put became a delete');
    return event.item;
  }

  async delete(key: string, options: { readonly expected?: Revision } = {}) {
    const standing = this.#check(key, options.expected);
    if (standing === undefined) return undefined;
    const [event] = await this.#write([{ revision: ++this.#assigned, key, createRevision: standing.createRevision }]);
    if (event?.type !== 'delete') throw new TypeError('a delete became a put');
    return { revision: event.revision, previous: event.previous };
  }

  async transact(writes: readonly StoreWrite[]): Promise<Transacted> {
    refuseDoubleKeys(writes);
    const standing = writes.map(({ key, expected, lease }) => this.#check(key, expected, lease));
    const done = writes.filter(({ value }, index) => value !== undefined || standing[index] !== undefined);
    if (done.length === 0) return { revision: this.#revision, items: writes.map(() => undefined) };
    const revision = ++this.#assigned;
    const entries = done.map(({ key, value, lease }, part): JournalEntry => {
      const createRevision = standing[writes.findIndex((one) => one.key === key)]?.createRevision ?? revision;
      return { revision, part, key, createRevision, ...(value === undefined ? {} : { value: this.#asKept(value), ...(lease === undefined ? {} : { lease }) }) };
    });
    const written = new Map((await this.#write(entries)).map((event) => [keyOf(event), event.type === 'put' ? event.item : undefined]));
    return { revision, items: writes.map(({ key }) => written.get(key)) };
  }

  async watch(prefix: string, after: Revision, onEvents: (events: readonly StoreEvent[]) => void): Promise<Disposable> {
    this.#mustBeOpen();
    if (after < this.#compacted) throw compacted(after, this.#compacted);
    return this.#watchers.add({ prefix, told: Math.max(after, this.#revision), onEvents }, this.#events.slice(firstAfter(this.#events, after)));
  }

  async revisionAt(time_ms: number): Promise<Revision> {
    this.#mustBeOpen();
    const revision = this.#times.at(time_ms);
    if (revision === undefined || revision < this.#compacted) throw momentCompacted(time_ms, this.#times.oldest?.time_ms);
    return revision;
  }

  async grantLease(ttl_s: number): Promise<Pick<Lease, 'id' | 'ttl_s'>> {
    this.#mustBeOpen();
    const lease = this.#leases.next(ttl_s);
    await this.#kept([lease]);
    this.#leases.add(lease);
    return lease;
  }

  async keepLeaseAlive(id: LeaseId): Promise<void> {
    this.#mustBeOpen();
    const stale = this.#leases.renew(id);
    if (stale !== undefined) await this.#kept([stale]);
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#mustBeOpen();
    await this.#endLease(id);
  }

  async lease(id: LeaseId): Promise<Lease> {
    this.#mustBeOpen();
    return this.#leases.state(id);
  }

  async compact(revision: Revision): Promise<void> {
    this.#mustBeOpen();
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#times.forgetBefore(revision);
    const forgotten = this.#events.splice(0, firstAfter(this.#events, revision));
    await this.#journal.compact(this.#versions.compact(revision, new Set(forgotten.map(keyOf))), { revision: this.#revision, compacted: revision });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watchers.clear();
    this.#leases[Symbol.dispose]();
    try {
      if (this.#failure === undefined) await this.#kept(this.#leases.worthKeeping());
    } finally {
      await this.#journal.close();
    }
  }

  #asKept(value: StoreValue): StoreValue {
    return this.keepsLate ? value : bytesOf(value);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed();
    if (this.#failure !== undefined) throw storeFailed(this.#failure);
  }

  #readable(revision: Revision | undefined): Revision {
    this.#mustBeOpen();
    if (revision === undefined) return this.#revision;
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    if (revision < this.#compacted) throw compacted(revision, this.#compacted);
    return revision;
  }

  #check(key: string, expected: Revision | undefined, lease?: LeaseId) {
    this.#mustBeOpen();
    if (lease !== undefined) this.#leases.find(lease);
    const standing = this.#ordered.get(key);
    const actual = standing?.modRevision ?? 0;
    if (expected !== undefined && expected !== actual) throw revisionConflict(key, expected, actual);
    return standing;
  }

  /** What was bound to it goes with it. */
  async #endLease(id: LeaseId): Promise<void> {
    const { keys } = this.#leases.state(id);
    this.#leases.remove(id);
    if (keys.length === 0) return await this.#journaled(this.#journal.append([], id));
    const revision = ++this.#assigned;
    const entries = keys.map((key, part) => ({ revision, part, key, createRevision: this.#ordered.get(key)?.createRevision ?? revision }));
    await this.#write(entries, id);
  }

  async #kept(leases: readonly LeaseRecord[]): Promise<void> {
    if (leases.length > 0) await this.#journaled(this.#journal.keepLeases(leases));
  }

  /** Of what no revision tells. */
  async #journaled(commit: Promise<void>): Promise<void> {
    try {
      await commit;
    } catch (cause) {
      this.#failure ??= cause;
      throw storeFailed(cause);
    }
  }

  async #write(writes: readonly JournalEntry[], ended?: LeaseId): Promise<readonly StoreEvent[]> {
    const time_ms = this.#clock.now();
    const entries = writes.map((entry) => ({ ...entry, time_ms }));
    for (const entry of entries) this.#order(entry);
    const { promise, resolve, reject } = Promise.withResolvers<readonly StoreEvent[]>();
    const pending: Pending = { entries, durable: false, apply: resolve, refuse: reject };
    this.#pending.push(pending);
    this.#journal.append(entries, ended).then(
      () => {
        pending.durable = true;
        this.#applyDurable();
      },
      (error: unknown) => this.#fail(pending, error),
    );
    return promise;
  }

  /** Nothing may stand upon a write that isn't there: it and all that were ordered after it are refused, and so is whatever comes. */
  #fail(pending: Pending, cause: unknown): void {
    this.#failure ??= cause;
    const index = this.#pending.indexOf(pending);
    if (index < 0) return;
    for (const { refuse } of this.#pending.splice(index)) refuse(storeFailed(cause));
  }

  #order({ key, revision, createRevision, value, lease }: JournalEntry): void {
    this.#leases.move(key, this.#ordered.get(key)?.lease, lease);
    if (value === undefined) this.#ordered.delete(key);
    else this.#ordered.set(key, { modRevision: revision, createRevision, lease });
  }

  #applyDurable(): void {
    const events: StoreEvent[] = [];
    while (this.#pending[0]?.durable) {
      const { entries, apply } = this.#pending.shift() as Pending; // the loop's condition saw it
      const made = entries.map((entry) => this.#event(entry));
      const [{ revision, time_ms } = { revision: this.#revision, time_ms: undefined }] = entries;
      this.#revision = revision;
      if (time_ms !== undefined) this.#times.add(revision, time_ms);
      events.push(...made);
      apply(made);
    }
    this.#events.push(...events);
    this.#watchers.tell(events);
    if (this.#events.length > this.#historyLimit + Math.min(TRIM_STEP_MAX, this.#historyLimit / 4)) this.#trim();
    else this.#trimOld();
  }

  #trim(): void {
    const oldest = this.#events[this.#events.length - this.#historyLimit];
    if (oldest !== undefined) this.#forget(revisionOf(oldest) - 1);
  }

  /** A little later than it could, so that not every write forgets one revision. */
  #trimOld(): void {
    const age_ms = this.#historyAge_ms;
    const now_ms = this.#clock.now();
    if ((this.#times.oldest?.time_ms ?? now_ms) >= now_ms - age_ms - age_ms / 8) return;
    const last = this.#times.at(now_ms - age_ms);
    if (last !== undefined) this.#forget(last);
  }

  #forget(revision: Revision): void {
    this.compact(revision).catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  #event(entry: JournalEntry): StoreEvent {
    const event = this.#record(entry);
    if (event === undefined) throw new TypeError(`revision ${entry.revision} deletes ${entry.key}, which is not there`);
    return event;
  }

  /** Undefined for a deletion whose put was compacted away: nobody can have seen it. */
  #record({ revision, part = 0, key, createRevision, value, lease, isLeft = false }: JournalEntry): StoreEvent | undefined {
    const bound = lease === undefined ? {} : { lease };
    const item = value === undefined ? undefined : keptItem(this.#journal, { key, createRevision, modRevision: revision, ...bound }, { value, part, isLeft });
    const previous = this.#versions.add(key, item === undefined ? { revision, part } : { revision, part, item });
    if (item !== undefined) return previous === undefined ? { type: 'put', item } : { type: 'put', item, previous };
    return previous === undefined ? undefined : { type: 'delete', key, revision, previous };
  }
}
