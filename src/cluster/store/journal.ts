import type { LeaseId, Revision, StoredItem, StoreValue } from './types.ts';

/** Entries of one transaction share their revision. */
export interface EntryId {
  readonly revision: Revision;
  /** The how manieth of its revision, 0 when left out. */
  readonly part?: number;
}

/** One write as it is kept: a value, or the mark that there is none any more. */
export interface JournalEntry extends EntryId {
  readonly key: string;
  readonly createRevision: Revision;
  /** Absent: the key was deleted. */
  readonly value?: StoreValue;
  /** The value is not in it: the journal reads it when it is asked for. */
  readonly isLeft?: boolean;
  readonly lease?: LeaseId;
  /** When it was written, in milliseconds since the Unix epoch; unknown of what older programs wrote. */
  readonly time_ms?: number;
}

/** A lease as it is kept. */
export interface LeaseRecord {
  readonly id: LeaseId;
  readonly ttl_s: number;
  /** What was left of it when it was written down; all of it without. */
  readonly left_s?: number;
}

/** Where entries are kept. The memory store's keeps nothing. */
export interface Journal {
  /** See `Store`. */
  readonly keepsLate?: boolean;
  /** What was kept, in the order of revisions, and the state of the counters. */
  load(): Promise<{
    readonly entries: Iterable<JournalEntry>;
    readonly leases: readonly LeaseRecord[];
    readonly revision: Revision;
    readonly compacted: Revision;
  }>;
  /**
   * All of one revision, and the end of the lease, durable when it resolves: all or none of it. Calls that overlap may share a commit and
   * resolve in order.
   */
  append(entries: readonly JournalEntry[], ended?: LeaseId): Promise<void>;
  /** Remembers the leases as they are now; durable when it resolves. */
  keepLeases(leases: readonly LeaseRecord[]): Promise<void>;
  /** Forgets these entries, and remembers the counters. */
  compact(forgotten: readonly EntryId[], counters: { readonly revision: Revision; readonly compacted: Revision }): Promise<void>;
  /** The value of an entry, of one that can give it at any time: then nobody else keeps it. Errors: `COMPACTED` where it was forgotten. */
  read?(entry: EntryId): Uint8Array;
  close(): Promise<void>;
}

/** What a store holds at one revision, in no order; values are shared, not copied. */
export interface StoreContent {
  readonly items: readonly StoredItem[];
  readonly revision: Revision;
  /** Those that items end with. */
  readonly leases?: readonly LeaseRecord[];
}

/** Keeps nothing: for clusters that live in memory. It begins with what another store held, without its history. */
export function memoryJournal({ items, revision, leases = [] }: StoreContent = { items: [], revision: 0 }): Journal {
  return {
    keepsLate: true,
    load: async () => ({
      entries: items.toSorted((a, b) => a.modRevision - b.modRevision).map(entryOf),
      leases,
      revision,
      compacted: revision,
    }),
    append: async () => {},
    keepLeases: async () => {},
    compact: async () => {},
    close: async () => {},
  };
}

function entryOf(item: StoredItem): JournalEntry {
  const { key, createRevision, modRevision, lease } = item;
  return { revision: modRevision, key, value: item.late ?? item.value, createRevision, ...(lease === undefined ? {} : { lease }) };
}
