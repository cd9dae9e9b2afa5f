import { type Clock, systemClock } from '#kit';
import { throwLater } from './watchers.ts';

/** Revisions of history that are kept when nobody says otherwise. */
const HISTORY_DEFAULT = 10_000;
/** A day of them is kept when nobody says otherwise. */
const HISTORY_AGE_DEFAULT_MS = 86_400_000;

export interface StoreOptions {
  /** The number of revisions to look back on. */
  readonly historyLimit?: number;
  /** How long a revision is looked back on at most, in milliseconds. It is forgotten by a write, not by a timer. */
  readonly historyAge_ms?: number;
  /** When revisions come and leases end; the machine's clock without it. */
  readonly clock?: Pick<Clock, 'now' | 'monotonic' | 'setTimer'>;
  /** Hears what a watcher threw: its own mistake, which neither the writer nor other watchers can help. Without it the process does. */
  readonly onWatcherError?: (error: unknown) => void;
}

/** Pure. */
export function withDefaults({
  historyLimit = HISTORY_DEFAULT,
  historyAge_ms = HISTORY_AGE_DEFAULT_MS,
  clock = systemClock,
  onWatcherError = throwLater,
}: StoreOptions): Required<StoreOptions> {
  return { historyLimit, historyAge_ms, clock, onWatcherError };
}
