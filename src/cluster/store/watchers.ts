import type { Revision, StoreEvent } from './types.ts';

interface Watcher {
  readonly prefix: string;
  /** Told, or never asked for: everything up to this revision. */
  readonly told: Revision;
  readonly onEvents: (events: readonly StoreEvent[]) => void;
}

/** Those who hear of what happens. */
export class Watchers {
  readonly #watchers = new Set<Watcher>();
  readonly #onError: (error: unknown) => void;

  /** `onError` hears what a watcher threw. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** It is told at once what it has missed. */
  add(watcher: Watcher, past: readonly StoreEvent[]): Disposable {
    const missed = past.filter((event) => keyOf(event).startsWith(watcher.prefix));
    this.#watchers.add(watcher);
    if (missed.length > 0) watcher.onEvents(missed);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  tell(events: readonly StoreEvent[]): void {
    for (const { prefix, told, onEvents } of this.#watchers) {
      const theirs = events.filter((event) => revisionOf(event) > told && keyOf(event).startsWith(prefix));
      if (theirs.length === 0) continue;
      try {
        onEvents(theirs);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  clear(): void {
    this.#watchers.clear();
  }
}

/** The index of the first event after the revision; events are in order. */
export function firstAfter(events: readonly StoreEvent[], revision: Revision): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = events[middle];
    if (event !== undefined && revisionOf(event) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As a mistake that nobody caught. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export const revisionOf = (event: StoreEvent): Revision => (event.type === 'put' ? event.item.modRevision : event.revision);
export const keyOf = (event: StoreEvent): string => (event.type === 'put' ? event.item.key : event.key);
