import { type Clock, sleepBy, type Timer } from './clock.ts';
import { Heap } from './heap.ts';

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
  /** The next timer first. */
  readonly #heap = new Heap(isBefore);

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
    return this.#heap.first?.at_ms;
  }

  /** How many timers were ever set. */
  get timers(): number {
    return this.#order;
  }

  setTimer(delay_ms: number, callback: () => void): Timer {
    const due: Due = { at_ms: this.#now_ms + Math.max(0, delay_ms), order: this.#order++, callback };
    this.#heap.push(due);
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
    return next_ms === undefined || next_ms > until_ms ? undefined : this.#heap.pop();
  }

  #dropCancelled(): void {
    while (this.#heap.first !== undefined && this.#heap.first.callback === undefined) this.#heap.pop();
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at_ms < other.at_ms || (one.at_ms === other.at_ms && one.order < other.order);
}
