import type { Clock, Random, Timer } from '#kit';
import { backoffDelay } from './backoff.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when there is something to take. */
  readonly onReady: () => void;
  readonly retryFirst_ms?: number;
  readonly retryLongest_ms?: number;
}

/**
 * Keys that want work. A key stands in it once; while it is worked on it is not handed out again, and what was added meanwhile
 * comes after `done`. Timers exist only for delayed keys.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly at_ms: number; readonly timer: Timer }>();
  readonly #failures = new Map<string, number>();
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** How many keys wait, delayed ones not counted. */
  get size(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#options.onReady();
  }

  /** Adds the key later; of several delays the earliest counts. */
  addAfter(key: string, delay_ms: number): void {
    if (this.#closed) return;
    if (delay_ms <= 0) return this.add(key);
    const { clock } = this.#options;
    const at_ms = clock.monotonic() + delay_ms;
    const present = this.#delayed.get(key);
    if (present !== undefined && present.at_ms <= at_ms) return;
    present?.timer[Symbol.dispose]();
    const timer = clock.setTimer(delay_ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    timer.unref();
    this.#delayed.set(key, { at_ms, timer });
  }

  /** Adds the key after a wait that doubles with each failure since `forget`. Answers how many there were. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { random, retryFirst_ms = 5, retryLongest_ms = 60_000 } = this.#options;
    this.addAfter(key, backoffDelay(failures, retryFirst_ms, retryLongest_ms, random.fraction()));
    return failures + 1;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key; say `done` when it was worked on. */
  take(): string | undefined {
    const [key] = this.#waiting;
    if (key === undefined) return undefined;
    this.#waiting.delete(key);
    this.#working.add(key);
    return key;
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets everything and takes nothing more. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
  }
}
