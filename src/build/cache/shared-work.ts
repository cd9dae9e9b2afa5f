import { whenAborted } from '../when-aborted.ts';

/** Work under way by its key: whoever asks for the same at the same time gets the same result. */
export class SharedWork<T> {
  readonly #running = new Map<string, Promise<T>>();

  /**
   * Answers `perform`'s result, or that of the one who is at it. A failure of another's work is not taken over: it may be of that build alone,
   * as when its client went away; then the work is done here. `signal` ends the waiting for another.
   */
  async run(key: string, signal: AbortSignal, perform: () => Promise<T>): Promise<{ readonly result: T; readonly joined: boolean }> {
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) break;
      const settled = running.then(
        (value) => ({ value }),
        () => undefined,
      );
      const result = await Promise.race([settled, whenAborted(signal)]);
      if (result) return { result: result.value, joined: true };
    }
    const own = perform();
    this.#running.set(key, own);
    try {
      return { result: await own, joined: false };
    } finally {
      this.#running.delete(key);
    }
  }
}
