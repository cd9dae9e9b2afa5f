/** How long to wait after repeated failures: doubles with each. */
export interface BackoffEntry {
  readonly delay_ms: number;
  /** When it was last raised. */
  readonly at_ms: number;
}
export interface BackoffLimits {
  readonly first_ms: number;
  readonly longest_ms: number;
}

/** Containers that end and images that can't be pulled: 10 s doubling to 5 min. */
export const SLOW: BackoffLimits = { first_ms: 10_000, longest_ms: 300_000 };
/** What another object may mend at any moment: a missing ConfigMap, a volume, a network. */
export const QUICK: BackoffLimits = { first_ms: 500, longest_ms: 20_000 };

/** The next entry after one more failure (or start); the count begins anew after twice the longest wait without one. Pure. */
export function raise(entry: BackoffEntry | undefined, now_ms: number, limits: BackoffLimits): BackoffEntry {
  if (entry === undefined || isOver(entry, now_ms, limits)) return { delay_ms: limits.first_ms, at_ms: now_ms };
  return { delay_ms: Math.min(entry.delay_ms * 2, limits.longest_ms), at_ms: now_ms };
}

/** The earliest moment to try again what ended at `since_ms`: at once without an entry, so that a first restart waits for nothing. Pure. */
export function notBefore(entry: BackoffEntry | undefined, since_ms: number, limits: BackoffLimits): number {
  if (entry === undefined || isOver(entry, since_ms, limits)) return since_ms;
  return since_ms + entry.delay_ms;
}

function isOver(entry: BackoffEntry, now_ms: number, limits: BackoffLimits): boolean {
  return now_ms - entry.at_ms > 2 * limits.longest_ms;
}
