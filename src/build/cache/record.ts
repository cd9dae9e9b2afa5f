import type { Digest, Layer } from '#image';

export const CACHE_VERSION = 2;

/** One remembered piece of work, one durable file. */
export type CacheRecord = {
  readonly version: typeof CACHE_VERSION;
  /** What the result depends on, hashed. */
  readonly key: string;
  /** The work in words. */
  readonly what: string;
  readonly bytes: number;
  readonly created_ms: number;
  readonly used_ms: number;
  readonly uses: number;
} & CacheContent;
export type CacheContent =
  /** A step's layer; none where it changed nothing. `quick`: a key that is found without reading files. */
  | { readonly kind: 'layer'; readonly layer?: Layer; readonly quick?: string }
  /** A whole image with the keys of the steps that led to it. */
  | { readonly kind: 'image'; readonly image: Digest; readonly steps: readonly string[] }
  /** What was fetched, in a folder of the cache. `facts` are what the source said of it. */
  | { readonly kind: 'files'; readonly facts: Readonly<Record<string, string>> }
  /** The folder of `RUN --mount=type=cache`. */
  | { readonly kind: 'mount'; readonly id: string };

/** Checks what was read from the disk; undefined when it is no record of this version. */
export function asCacheRecord(value: unknown): CacheRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Every field is checked below.
  const record = value as Partial<Record<string, unknown>>;
  const numbers = [record.bytes, record.created_ms, record.used_ms, record.uses];
  const isWhole =
    record.version === CACHE_VERSION &&
    typeof record.key === 'string' &&
    typeof record.what === 'string' &&
    numbers.every((item) => typeof item === 'number') &&
    hasContent(record);
  // Checked just above.
  return isWhole ? (value as CacheRecord) : undefined;
}

function hasContent(record: Partial<Record<string, unknown>>): boolean {
  switch (record.kind) {
    case 'layer':
      return record.layer === undefined || (typeof record.layer === 'object' && record.layer !== null && 'diffId' in record.layer && 'blob' in record.layer);
    case 'image':
      return typeof record.image === 'string' && Array.isArray(record.steps) && record.steps.every((step) => typeof step === 'string');
    case 'files':
      return typeof record.facts === 'object' && record.facts !== null;
    case 'mount':
      return typeof record.id === 'string';
    default:
      return false;
  }
}
