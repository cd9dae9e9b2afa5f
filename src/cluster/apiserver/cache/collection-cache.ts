import type { KubeObject } from '#cluster/api';
import type { CacheEvent } from './cache-event.ts';
import { type Interest, Listeners } from './listeners.ts';
import { Siblings } from './siblings.ts';
import { Texts } from './texts.ts';

const WINDOW_EVENTS = 1024;

/** All objects of one resource in their storage version, frozen, and the last changes to them. */
export class CollectionCache {
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Listeners();
  /** What its objects have in common is held once. */
  readonly siblings = new Siblings();
  readonly texts = new Texts();
  #sorted: string[] | undefined;
  #window: CacheEvent[] = [];
  /** Changes after this revision are in the window. */
  #windowStart: number;

  constructor(windowStart: number) {
    this.#windowStart = windowStart;
  }

  get size(): number {
    return this.#objects.size;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  entries(): IterableIterator<[string, KubeObject]> {
    return this.#objects.entries();
  }

  /** Before the first event: what the store already held. */
  seed(key: string, object: KubeObject): void {
    this.#objects.set(key, object);
    this.#sorted = undefined;
  }

  apply(event: CacheEvent): void {
    if (event.type === 'put') {
      if (!this.#objects.has(event.key)) this.#sorted = undefined;
      this.#objects.set(event.key, event.object);
    } else if (this.#objects.delete(event.key)) {
      this.#sorted = undefined;
    }
    this.#window.push(event);
    if (this.#window.length >= 2 * WINDOW_EVENTS) {
      this.#windowStart = this.#window[WINDOW_EVENTS - 1]?.revision ?? this.#windowStart;
      this.#window = this.#window.slice(WINDOW_EVENTS);
    }
    this.#listeners.tell(event);
  }

  /** Keys that begin with `prefix`, in order, after `after`. */
  keys(prefix: string, after?: string): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()].sort(byBytes);
    const sorted = this.#sorted;
    const from = after === undefined ? lowerBound(sorted, prefix) : lowerBound(sorted, `${after}\0`);
    const to = lowerBound(sorted, `${prefix}\u{10ffff}`);
    return from === 0 && to === sorted.length ? sorted : sorted.slice(from, to);
  }

  /** The changes after `revision`, or undefined when they are no longer all known. */
  since(revision: number): readonly CacheEvent[] | undefined {
    if (revision < this.#windowStart) return undefined;
    let from = this.#window.length;
    while (from > 0 && (this.#window[from - 1]?.revision ?? 0) > revision) from -= 1;
    return this.#window.slice(from);
  }

  get windowStart(): number {
    return this.#windowStart;
  }

  /** With an interest it hears of nothing else. */
  listen(listener: (event: CacheEvent) => void, interest?: Interest): Disposable {
    return this.#listeners.add(listener, interest);
  }
}

function lowerBound(sorted: readonly string[], wanted: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byBytes(sorted[middle] ?? '', wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Names and namespaces are ASCII, where code units and bytes have one order. */
function byBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
