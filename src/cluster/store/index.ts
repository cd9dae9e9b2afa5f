export { backupOf, type Restored, restoreLmdbStore } from './backup.ts';
export { contentOf } from './content.ts';
export { RevisionConflictError, StoreError } from './errors.ts';
export type { StoreContent } from './journal.ts';
export { type EtcdStoreOptions, openEtcdStore, openLmdbStore, openMemoryStore, type StoreOptions } from './open.ts';
export type * from './types.ts';
