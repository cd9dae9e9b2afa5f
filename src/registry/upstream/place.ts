import { GantryError } from '#kit';
import type { Upstream } from './upstream.ts';

/** A repository of an upstream, as it was asked for. */
export interface Place {
  readonly upstream: Upstream;
  /** There. */
  readonly name: string;
  /** Here, for words. */
  readonly shown: string;
  /** In the cache. */
  readonly key: string;
}

/** The upstream answered, and has no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof GantryError && error.code === 'REGISTRY_FAILED' && error.status === 404;
}
