import type { EtcdStoreOptions } from './etcd/etcd-store.ts';
import { memoryJournal, type StoreContent } from './journal.ts';
import { JournaledStore } from './journaled-store.ts';
import type { StoreOptions } from './store-options.ts';
import type { Store } from './types.ts';

export type { EtcdStoreOptions } from './etcd/etcd-store.ts';
export type { StoreOptions } from './store-options.ts';

/** A store that is gone with the process. `from`: what it holds at first. */
export function openMemoryStore({ from, ...options }: StoreOptions & { readonly from?: StoreContent } = {}): Promise<Store> {
  return JournaledStore.open(memoryJournal(from), options);
}

/** A store in an LMDB file at `path`; the library is loaded only here. Errors: `NEWER_FORMAT`. */
export async function openLmdbStore(options: StoreOptions & { readonly path: string }): Promise<Store> {
  const { openLmdbJournal } = await import('./lmdb-journal.ts');
  return JournaledStore.open(openLmdbJournal(options.path), options);
}

/** A store in a cluster of etcd; what speaks to it is loaded only here. Errors: `STORE_UNAVAILABLE`. */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { EtcdStore } = await import('./etcd/etcd-store.ts');
  return EtcdStore.open(options);
}
