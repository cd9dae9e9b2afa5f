import type { Journal, JournalEntry } from './journal.ts';
import type { LeaseId, Revision, StoredItem } from './types.ts';

/** The item over a journal: its value is held as long as others do, and read again after that where the journal can. */
export function keptItem(journal: Journal, item: StoredItem, { part, isLeft = false }: Pick<JournalEntry, 'part' | 'isLeft'>): StoredItem {
  const { read } = journal;
  return read === undefined ? item : new KeptItem(read, item, part ?? 0, isLeft);
}

/** History is long, and most of it is never read. */
class KeptItem implements StoredItem {
  readonly key: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  declare readonly lease?: LeaseId;
  readonly #read: NonNullable<Journal['read']>;
  readonly #part: number;
  #held: WeakRef<Uint8Array> | undefined;

  constructor(read: NonNullable<Journal['read']>, { key, value, createRevision, modRevision, lease }: StoredItem, part: number, isLeft: boolean) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    if (lease !== undefined) this.lease = lease;
    this.#read = read;
    this.#part = part;
    if (!isLeft) this.#held = new WeakRef(value);
  }

  /** Errors: `COMPACTED` where it was forgotten meanwhile. */
  get value(): Uint8Array {
    const held = this.#held?.deref();
    if (held !== undefined) return held;
    const value = this.#read({ revision: this.modRevision, part: this.#part });
    this.#held = undefined;
    return value;
  }
}
