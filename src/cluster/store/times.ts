import type { Revision } from './types.ts';

interface Mark {
  readonly revision: Revision;
  /** Milliseconds since the Unix epoch; never less than that of the mark before. */
  readonly time_ms: number;
}

/** When each revision was written, as far back as history is kept. */
export class Times {
  readonly #marks: Mark[] = [];

  /** Revisions come in their order. A clock that was set back stands still until it has caught up. */
  add(revision: Revision, time_ms: number): void {
    const last = this.#marks.at(-1);
    if (last?.revision === revision) return;
    this.#marks.push({ revision, time_ms: Math.max(time_ms, last?.time_ms ?? 0) });
  }

  /** Of the oldest revision that is known. */
  get oldest(): Mark | undefined {
    return this.#marks[0];
  }

  /** The last revision that was there at that time; undefined before the oldest. */
  at(time_ms: number): Revision | undefined {
    let [low, high] = [0, this.#marks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#marks[middle]?.time_ms ?? 0) <= time_ms) low = middle + 1;
      else high = middle;
    }
    return this.#marks[low - 1]?.revision;
  }

  /** The state of `revision` itself can still be read. */
  forgetBefore(revision: Revision): void {
    const keep = this.#marks.findIndex((mark) => mark.revision >= revision);
    if (keep > 0) this.#marks.splice(0, keep);
  }
}
