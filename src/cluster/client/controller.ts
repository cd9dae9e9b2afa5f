import { type Clock, type Logger, messageOf, type Random } from '#kit';
import { isStatus } from './errors.ts';
import { WorkQueue } from './work-queue.ts';

/** What a reconcile may ask for: to be called again after a while. */
export type ReconcileResult = { readonly requeueAfter_ms?: number } | undefined;
export interface ControllerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes the world of one key as it should be. What it throws is tried again with growing waits. */
  readonly reconcile: (key: string) => Promise<ReconcileResult>;
  /** How many keys at a time; one key is never worked on twice at a time. */
  readonly concurrency?: number;
  readonly retryFirst_ms?: number;
  readonly retryLongest_ms?: number;
}
export interface ControllerHealth {
  readonly name: string;
  readonly running: boolean;
  /** The last failure of keys that have not succeeded since. */
  readonly failing: Readonly<Record<string, string>>;
}
export interface Controller {
  readonly name: string;
  add(key: string): void;
  addAfter(key: string, delay_ms: number): void;
  start(): void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
  health(): ControllerHealth;
}

/** The shell around a reconcile: a queue of keys worked on as soon as they come. Keys added before `start` wait for it. */
export function createController(options: ControllerOptions): Controller {
  return new QueueController(options);
}

class QueueController implements Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #running = new Set<Promise<void>>();
  readonly #failing = new Map<string, string>();
  #state: 'idle' | 'started' | 'stopped' = 'idle';
  #pumpPlanned = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { clock, random, retryFirst_ms, retryLongest_ms } = options;
    this.#queue = new WorkQueue({
      clock,
      random,
      onReady: () => this.#planPump(),
      ...(retryFirst_ms === undefined ? {} : { retryFirst_ms }),
      ...(retryLongest_ms === undefined ? {} : { retryLongest_ms }),
    });
  }

  get name(): string {
    return this.#options.name;
  }

  add(key: string): void {
    this.#queue.add(key);
  }

  addAfter(key: string, delay_ms: number): void {
    this.#queue.addAfter(key, delay_ms);
  }

  start(): void {
    this.#state = 'started';
    this.#planPump();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#queue.close();
    await Promise.all(this.#running);
  }

  health(): ControllerHealth {
    return { name: this.name, running: this.#state === 'started', failing: Object.fromEntries(this.#failing) };
  }

  /** Several changes in one turn of the event loop become one pass. */
  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    queueMicrotask(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { concurrency = 4 } = this.#options;
    while (this.#state === 'started' && this.#running.size < concurrency) {
      const key = this.#queue.take();
      if (key === undefined) return;
      const work = this.#work(key).finally(() => {
        this.#running.delete(work);
        this.#pump();
      });
      this.#running.add(work);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      const result = await this.#options.reconcile(key);
      this.#queue.forget(key);
      this.#failing.delete(key);
      if (result?.requeueAfter_ms !== undefined) this.#queue.addAfter(key, result.requeueAfter_ms);
    } catch (error) {
      this.#fail(key, error);
    } finally {
      this.#queue.done(key);
    }
  }

  #fail(key: string, error: unknown): void {
    if (this.#state === 'stopped') return;
    const failures = this.#queue.retry(key);
    const { name, logger } = this.#options;
    // Another writer came first: ordinary, and the next try sees what it wrote.
    if (isStatus(error, 'Conflict', 'AlreadyExists') && failures < 5)
      return logger.debug('Cannot write yet; trying again', { controller: name, key, why: messageOf(error) });
    this.#failing.set(key, messageOf(error));
    logger.warn('Cannot reconcile; trying again', { controller: name, key, failures, error });
  }
}
