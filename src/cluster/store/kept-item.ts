import type { Journal, JournalEntry } from './journal.ts';
import { bytesOf } from './late.ts';
import type { LateBytes, LeaseId, Revision, StoredItem, StoreValue } from './types.ts';

type Place = Omit<StoredItem, 'value' | 'late'>;
type Kept = Pick<JournalEntry, 'part' | 'isLeft'> & { readonly value: StoreValue };

/** The item over a journal: its value is held as long as others do, and read again after that where the journal can. */
export function keptItem({ read }: Journal, place: Place, { value, part = 0, isLeft = false }: Kept): StoredItem {
  if (read !== undefined) return new KeptItem(read, place, part, isLeft ? undefined : bytesOf(value));
  return value instanceof Uint8Array ? { ...place, value } : new LateItem(place, value);
}

/** Its bytes are made for each who reads them. */
class LateItem implements StoredItem {
  readonly key: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  declare readonly lease?: LeaseId;
  readonly late: LateBytes;

  constructor({ key, createRevision, modRevision, lease }: Place, late: LateBytes) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    if (lease !== undefined) this.lease = lease;
    this.late = late;
  }

  get value(): Uint8Array {
    return this.late.bytes;
  }
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

  constructor(read: NonNullable<Journal['read']>, { key, createRevision, modRevision, lease }: Place, part: number, value: Uint8Array | undefined) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    if (lease !== undefined) this.lease = lease;
    this.#read = read;
    this.#part = part;
    if (value !== undefined) this.#held = new WeakRef(value);
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
