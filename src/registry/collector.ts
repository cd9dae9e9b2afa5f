import { type Clock, KeyedMutex, type Logger, type Timer } from '#kit';
import { collect, type CollectParts, type CollectReport } from './collect.ts';

/** Longer a timer of Node.js cannot wait: 24 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface CollectorOptions extends CollectParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often, without being asked. */
  readonly every_ms: number | undefined;
}

/** Collections one at a time: on request, and by the clock. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #mutex = new KeyedMutex();
  readonly #timers = new Map<string, Timer>();
  #stopped = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  start(): void {
    const { every_ms, retention } = this.#options;
    const { retention: _rules, ...plain } = this.#options;
    if (every_ms !== undefined) this.#repeat('collect', every_ms, () => collect(plain, { dryRun: false }));
    if (retention?.every_ms !== undefined) this.#repeat('retention', retention.every_ms, () => collect(this.#options, { dryRun: retention.dryRun === true }));
  }

  /** Ends the schedule, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    await this.#mutex.run('collect', () => Promise.resolve());
  }

  /** Applies the rules of retention and collects, or says what that would take away. */
  collect(options: { readonly dryRun: boolean }): Promise<CollectReport> {
    return this.#mutex.run('collect', () => collect(this.#options, options));
  }

  #repeat(what: string, every_ms: number, task: () => Promise<CollectReport>): void {
    if (this.#stopped) return;
    const { clock, logger } = this.#options;
    const timer = clock.setTimer(Math.min(every_ms, TIMER_MS_MAX), () => {
      this.#mutex
        .run('collect', task)
        .then((report) =>
          logger.info('registry collected', {
            what,
            dryRun: report.dryRun,
            blobs: report.blobs,
            bytes: report.bytes,
            freedBytes: report.freedBytes,
            repositories: JSON.stringify(report.repositories),
          }),
        )
        .catch((error: unknown) => logger.error('registry could not collect; it tries again in time', { what, error }))
        .finally(() => this.#repeat(what, every_ms, task));
    });
    timer.unref();
    this.#timers.set(what, timer);
  }
}
