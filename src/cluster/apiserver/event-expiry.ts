import type { KubeObject } from '#cluster/api';
import { messageOf, type Timer } from '#kit';
import { collectionPrefix } from './cache/keys.ts';
import type { Context } from './context.ts';

const KEPT_MS = 3_600_000;
/** Events that end near each other are removed by one waking. */
const GATHER_MS = 60_000;
const PREFIX = collectionPrefix({ group: '', resource: 'events' });

/** Forgets Events an hour after their last change. One timer, and none while there are no Events. */
export class EventExpiry implements Disposable {
  readonly #context: Context;
  readonly #listener: Disposable;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
    const collection = context.cache.collection(PREFIX);
    this.#listener = collection.listen(() => this.#arm(KEPT_MS));
    if (collection.size > 0) this.#arm(0);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#listener[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  #arm(delay_ms: number): void {
    if (this.#timer || this.#stopped) return;
    this.#timer = this.#context.clock.setTimer(delay_ms + GATHER_MS, () => void this.#sweep());
    this.#timer.unref();
  }

  async #sweep(): Promise<void> {
    const { cache, clock, writes, logger } = this.#context;
    const collection = cache.collection(PREFIX);
    let next_ms = Number.POSITIVE_INFINITY;
    for (const key of collection.keys(PREFIX)) {
      const event = collection.get(key);
      if (!event || this.#stopped) continue;
      const left_ms = lastChange(event) + KEPT_MS - clock.now();
      if (left_ms > 0) next_ms = Math.min(next_ms, left_ms);
      else {
        const remove = () => cache.delete(key, Number(event.metadata.resourceVersion));
        await writes.run(key, remove).catch((error: unknown) => logger.warn('Cannot remove an expired event', { key, error: messageOf(error) }));
      }
    }
    this.#timer = undefined;
    if (collection.size > 0) this.#arm(Number.isFinite(next_ms) ? next_ms : 0);
  }
}

/** Milliseconds since the epoch. */
function lastChange(object: KubeObject): number {
  // Stored Events were decoded by their model.
  const event = object as KubeObject & { lastTimestamp?: string; eventTime?: string; series?: { lastObservedTime?: string } };
  const times = [event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.metadata.creationTimestamp];
  return Math.max(0, ...times.map((time) => (time ? Date.parse(time) : 0)).filter((time) => !Number.isNaN(time)));
}
