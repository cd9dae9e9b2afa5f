import type { Clock, Timer } from '#kit';

/** A clock that tests move. Promises that timers resolve get their turn before the next timer. */
export class TestingClock implements Clock {
  #now_ms: number;
  #next = 0;
  readonly #timers = new Map<number, { readonly at_ms: number; readonly callback: () => void }>();

  constructor(start_ms = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now_ms = start_ms;
  }

  now(): number {
    return this.#now_ms;
  }
  monotonic(): number {
    return this.#now_ms;
  }

  setTimer(delay_ms: number, callback: () => void): Timer {
    const id = this.#next++;
    this.#timers.set(id, { at_ms: this.#now_ms + Math.max(0, delay_ms), callback });
    return { unref: () => undefined, [Symbol.dispose]: () => void this.#timers.delete(id) };
  }

  sleep(delay_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.setTimer(delay_ms, resolve);
      signal?.addEventListener('abort', () => {
        timer[Symbol.dispose]();
        reject(signal.reason);
      });
    });
  }

  /** Lets `duration_ms` pass, timer by timer; `settle` waits until nothing more happens by itself. */
  async advance(duration_ms: number, settle: () => Promise<void>): Promise<void> {
    const end_ms = this.#now_ms + duration_ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at_ms }]) => at_ms <= end_ms).sort(([a, x], [b, y]) => x.at_ms - y.at_ms || a - b)[0];
      if (due === undefined) break;
      const [id, { at_ms, callback }] = due;
      this.#timers.delete(id);
      this.#now_ms = Math.max(this.#now_ms, at_ms);
      callback();
      await settle();
    }
    this.#now_ms = end_ms;
  }
}
