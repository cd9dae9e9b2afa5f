import type { Clock } from '#kit';
import type { Digest } from './types.ts';

/** How long something may lie in the store before anything refers to it. */
const GRACE_MS = 3_600_000;

/**
 * What was just written or found and that nothing refers to yet: layers of a build or pull under way, pieces of a push. Held in
 * memory only, because what a killed process was about to refer to is garbage.
 */
export class Fresh {
  readonly #clock: Clock;
  readonly #touched = new Map<Digest, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  touch(digest: Digest): void {
    this.#touched.set(digest, this.#clock.monotonic());
  }

  /** Something durable refers to it now. */
  settle(digest: Digest): void {
    this.#touched.delete(digest);
  }

  has(digest: Digest): boolean {
    const touched_ms = this.#touched.get(digest);
    if (touched_ms === undefined) return false;
    if (this.#clock.monotonic() - touched_ms < GRACE_MS) return true;
    this.#touched.delete(digest);
    return false;
  }
}
