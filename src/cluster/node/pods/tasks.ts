import { podWords } from './container-status.ts';
import type { PodContext } from './pod-context.ts';

/** What is done for one Pod beside the looks at it. */
export class PodTasks {
  readonly #context: () => PodContext;
  readonly #wake: () => void;
  readonly #running = new Set<Promise<void>>();
  #ended = 0;

  constructor(context: () => PodContext, wake: () => void) {
    this.#context = context;
    this.#wake = wake;
  }

  /** Counts ended tasks, so that a list from before an end is not taken for one after it. */
  get ended(): number {
    return this.#ended;
  }

  /**
   * Runs a task; its end, whatever it is, asks for another look. Nothing is thrown. `settle` says in memory that it ended, in one step with
   * the count of ends.
   */
  run(task: () => Promise<void>, settle: () => void = () => undefined): void {
    const work = task()
      .catch((error: unknown) => {
        const { agent, pod } = this.#context();
        agent.logger.warn('A task for a Pod failed', { pod: podWords({ pod }), error });
      })
      .finally(() => {
        this.#running.delete(work);
        this.#ended += 1;
        settle();
        this.#wake();
      });
    this.#running.add(work);
  }

  /** Resolves when what is under way has ended. */
  async allEnded(): Promise<void> {
    await Promise.all(this.#running);
  }
}
