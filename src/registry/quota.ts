import { matcherOf } from './pattern.ts';

/** How many bytes a repository may have: its distinct blobs and manifests, and its uploads under way. */
export interface QuotaSettings {
  /** For repositories that no pattern matches; without limit when left out. */
  readonly default_bytes?: number;
  /** By pattern; the first that matches rules. */
  readonly repositories?: readonly { readonly pattern: string; readonly bytes: number }[];
}

/** The quota of each repository by name, in bytes; infinite where there is none. */
export function quotaBy({ default_bytes = Number.POSITIVE_INFINITY, repositories = [] }: QuotaSettings): (name: string) => number {
  const rules = repositories.map(({ pattern, bytes }) => ({ matches: matcherOf(pattern), bytes }));
  return (name) => rules.find(({ matches }) => matches(name))?.bytes ?? default_bytes;
}
