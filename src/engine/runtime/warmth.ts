import type { Clock, Logger } from '#kit';
import type { Linux } from '#linux';

/** Well within the time after which the kernel has to wait again. */
const INTERVAL_MS = 4;

/**
 * Keeps moves between control groups quick while a start is near: a created container is mostly started at once, and the
 * runtime then puts its process into a dozen groups. See `Cgroups.warmUp`.
 */
export class Warmth {
  readonly #options: { readonly linux: Pick<Linux, 'cgroups'>; readonly clock: Clock; readonly logger: Logger };
  #until_ms = 0;
  #running = false;

  constructor(options: { readonly linux: Pick<Linux, 'cgroups'>; readonly clock: Clock; readonly logger: Logger }) {
    this.#options = options;
  }

  /** For that long from now on. */
  keep(duration_ms: number): void {
    const { clock, logger } = this.#options;
    this.#until_ms = Math.max(this.#until_ms, clock.monotonic() + duration_ms);
    if (this.#running) return;
    this.#running = true;
    this.#run()
      .catch((error: unknown) => logger.debug('moves between control groups are not made ready', { error }))
      .finally(() => (this.#running = false));
  }

  async #run(): Promise<void> {
    const { linux, clock } = this.#options;
    while (clock.monotonic() < this.#until_ms) {
      await linux.cgroups.warmUp();
      await clock.sleep(INTERVAL_MS);
    }
  }
}
