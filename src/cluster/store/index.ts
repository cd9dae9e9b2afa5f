export { StoreError } from './errors.ts';
export { openLmdbStore, openMemoryStore, type StoreOptions } from './open.ts';
export type * from './types.ts';
