import type { Clock } from '#kit';
import type { EngineEvent, Events } from './types.ts';

/** As many as Docker remembers, at least. */
const REMEMBERED_LEAST = 256;

/** Tells listeners what happened and remembers the latest events. */
export class EventHub implements Events {
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #clock: Clock;
  #recent: EngineEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit(event: Omit<EngineEvent, 'time_ns'>): void {
    const whole: EngineEvent = { ...event, time_ns: BigInt(Math.round(this.#clock.now() * 1000)) * 1000n };
    this.#recent.push(whole);
    if (this.#recent.length >= 2 * REMEMBERED_LEAST) this.#recent = this.#recent.slice(-REMEMBERED_LEAST);
    for (const listener of [...this.#listeners]) listener(whole);
  }

  subscribe(listener: (event: EngineEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  recent(): readonly EngineEvent[] {
    return this.#recent;
  }
}
