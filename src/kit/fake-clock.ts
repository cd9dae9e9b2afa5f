import { type Clock, sleepBy, type Timer } from './clock.ts';

interface Due {
  readonly at_ms: number;
  readonly order: number;
  /** Absent once it was cancelled. */
  callback: (() => void) | undefined;
}

/** A clock that stands still until it is moved. Timers fire in the order of their times; of one time in the order they were set in. */
export class FakeClock implements Clock {
  #now_ms: number;
  #order = 0;
  /** A binary heap, the next timer first. */
  readonly #heap: Due[] = [];

  constructor(start_ms = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now_ms = start_ms;
  }

  now(): number {
    return this.#now_ms;
  }
  monotonic(): number {
    return this.#now_ms;
  }

  /** Of the timer that fires next; undefined while none is set. */
  get next_ms(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at_ms;
  }

  /** How many timers were ever set. */
  get timers(): number {
    return this.#order;
  }

  setTimer(delay_ms: number, callback: () => void): Timer {
    const due: Due = { at_ms: this.#now_ms + Math.max(0, delay_ms), order: this.#order++, callback };
    this.#push(due);
    return {
      unref: () => undefined,
      [Symbol.dispose]: () => {
        due.callback = undefined;
      },
    };
  }

  sleep(delay_ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, delay_ms, signal);
  }

  /** Lets `duration_ms` pass, timer by timer; before the first and after each, `settle` waits until nothing more happens by itself. */
  async advance(duration_ms: number, settle: () => Promise<void>): Promise<void> {
    const end_ms = this.#now_ms + duration_ms;
    await settle();
    for (let due = this.#take(end_ms); due !== undefined; due = this.#take(end_ms)) {
      this.#now_ms = Math.max(this.#now_ms, due.at_ms);
      due.callback?.();
      await settle();
    }
    this.#now_ms = end_ms;
  }

  /** The next timer, if it is due by then. */
  #take(until_ms: number): Due | undefined {
    const next_ms = this.next_ms;
    return next_ms === undefined || next_ms > until_ms ? undefined : this.#pop();
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) this.#pop();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(due, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at_ms < other.at_ms || (one.at_ms === other.at_ms && one.order < other.order);
}
