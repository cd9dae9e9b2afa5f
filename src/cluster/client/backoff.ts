import type { Random } from '#kit';

/** Waiting times that double from `first_ms` to `longest_ms`, each spread by ±50 % so that many who fail together don't return together. */
export class Backoff {
  readonly #random: Random;
  readonly #first_ms: number;
  readonly #longest_ms: number;
  #failures = 0;

  constructor(random: Random, first_ms: number, longest_ms: number) {
    this.#random = random;
    this.#first_ms = first_ms;
    this.#longest_ms = longest_ms;
  }

  /** The time to wait before the next try. */
  next(): number {
    return backoffDelay(this.#failures++, this.#first_ms, this.#longest_ms, this.#random.fraction());
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Pure: the wait after `failures` earlier ones; `fraction` in [0, 1) spreads it from 50 % to 150 %. */
export function backoffDelay(failures: number, first_ms: number, longest_ms: number, fraction: number): number {
  return Math.min(first_ms * 2 ** Math.min(failures, 30), longest_ms) * (0.5 + fraction);
}
