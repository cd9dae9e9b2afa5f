import type { CacheRecord } from './record.ts';

/** Which records shall go. */
export interface PruneRequest {
  /** Also what an image that is here has. */
  readonly all: boolean;
  /** Keep the latest used up to so many bytes. */
  readonly keep_bytes?: number;
  /** Only what was not used since. */
  readonly until_ms?: number;
  /** Only what fits every one of these. */
  readonly fits?: (entry: CacheEntry) => boolean;
}
export interface CacheEntry {
  readonly record: CacheRecord;
  /** A build is using it now. */
  readonly inUse: boolean;
  /** An image that is here has the layer too. */
  readonly shared: boolean;
}

/** Chooses what a prune removes: the least lately used first, never what is in use. Pure. */
export function chooseDoomed(entries: readonly CacheEntry[], request: PruneRequest): readonly CacheRecord[] {
  const doomed: CacheRecord[] = [];
  let bytes = entries.reduce((sum, { record }) => sum + record.bytes, 0);
  for (const entry of entries.toSorted((a, b) => a.record.used_ms - b.record.used_ms)) {
    const { record, inUse, shared } = entry;
    if (request.keep_bytes !== undefined && bytes <= request.keep_bytes) break;
    if (inUse || (shared && !request.all)) continue;
    if (request.until_ms !== undefined && record.used_ms > request.until_ms) continue;
    if (request.fits && !request.fits(entry)) continue;
    doomed.push(record);
    bytes -= record.bytes;
  }
  return doomed;
}
