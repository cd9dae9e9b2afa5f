import { memoryJournal } from './journal.ts';
import { JournaledStore } from './journaled-store.ts';
import { openLmdbJournal } from './lmdb-journal.ts';
import type { Store } from './types.ts';

export interface StoreOptions {
  /** How many revisions of history to keep for watchers and readers of the past. */
  readonly historyLimit?: number;
}

/** A store that is gone with the process. */
export function openMemoryStore(options: StoreOptions = {}): Promise<Store> {
  return JournaledStore.open(memoryJournal, options.historyLimit);
}

/** A store in an LMDB file at `path`. Errors: `NEWER_FORMAT`. */
export function openLmdbStore(options: StoreOptions & { readonly path: string }): Promise<Store> {
  return JournaledStore.open(openLmdbJournal(options.path), options.historyLimit);
}
