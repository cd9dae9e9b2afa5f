import { memoryJournal } from './journal.ts';
import { JournaledStore, type JournaledStoreOptions } from './journaled-store.ts';
import { openLmdbJournal } from './lmdb-journal.ts';
import type { Store } from './types.ts';

export type StoreOptions = JournaledStoreOptions;

/** A store that is gone with the process. */
export function openMemoryStore(options: StoreOptions = {}): Promise<Store> {
  return JournaledStore.open(memoryJournal, options);
}

/** A store in an LMDB file at `path`. Errors: `NEWER_FORMAT`. */
export function openLmdbStore(options: StoreOptions & { readonly path: string }): Promise<Store> {
  return JournaledStore.open(openLmdbJournal(options.path), options);
}
