import type { KubeObject } from '#cluster/api';
import type { Clock, Logger, Random, Timer } from '#kit';
import { backoffDelay } from './backoff.ts';
import { keyOfObject } from './object-index.ts';

export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly object: T;
  readonly previous?: T;
}
type Handler<T extends KubeObject> = (change: Change<T>) => void;

const RETRY_FIRST_MS = 1000;
const RETRY_LONGEST_MS = 300_000;

export interface ChangeHandlersOptions {
  readonly resource: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Those who want to hear of changes. What one of them throws is logged with the object, and the change is told to it again with growing waits, unless a later one of the same object was told meanwhile. */
export class ChangeHandlers<T extends KubeObject> implements Disposable {
  readonly #options: ChangeHandlersOptions;
  /** Of each handler, what is to be told again, by the object's key. */
  readonly #handlers = new Map<Handler<T>, Map<string, Timer>>();

  constructor(options: ChangeHandlersOptions) {
    this.#options = options;
  }

  add(handler: Handler<T>): Disposable {
    this.#handlers.set(handler, new Map());
    return { [Symbol.dispose]: () => this.#remove(handler) };
  }

  tell(change: Change<T>): void {
    for (const handler of this.#handlers.keys()) this.#tellOne(handler, change, 0);
  }

  [Symbol.dispose](): void {
    for (const handler of [...this.#handlers.keys()]) this.#remove(handler);
  }

  #remove(handler: Handler<T>): void {
    for (const timer of this.#handlers.get(handler)?.values() ?? []) timer[Symbol.dispose]();
    this.#handlers.delete(handler);
  }

  #tellOne(handler: Handler<T>, change: Change<T>, failures: number): void {
    const again = this.#handlers.get(handler);
    if (again === undefined) return;
    const key = keyOfObject(change.object);
    again.get(key)?.[Symbol.dispose]();
    again.delete(key);
    try {
      handler(change);
    } catch (error) {
      const { resource, clock, random, logger } = this.#options;
      logger.error('A handler of changes failed; it is told again', { resource, object: key, change: change.type, failures: failures + 1, error });
      const delay_ms = backoffDelay(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS, random.fraction());
      again.set(
        key,
        clock.setTimer(delay_ms, () => this.#tellOne(handler, change, failures + 1)),
      );
    }
  }
}
