import { GantryError } from '#kit';

/** The object store does not do what it is asked for. */
export const storageFailed = (place: string, words: string, cause?: unknown) =>
  new GantryError('STORAGE_FAILED', 503, `The object store ${place} fails: ${words}. See "storage" in the file of --registry-config`, { cause });
