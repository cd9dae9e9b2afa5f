import type { Logger } from '#kit';

/** Work that nobody waits for but the engine itself before it stops: what it leaves undone when it is cut off, `recover` does. */
export class Chores {
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(options: { readonly logger: Logger }) {
    this.#logger = options.logger;
  }

  /** Begins it now. The promise is kept also when the task fails; `consequence` then says in the log what that means. */
  begin(consequence: string, task: () => Promise<unknown>): Promise<void> {
    const running = task()
      .then(
        () => undefined,
        (error: unknown) => this.#logger.warn(consequence, { error }),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Resolves when nothing is under way. */
  async done(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
