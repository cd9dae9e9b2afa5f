import type { Clock, Timer } from '#kit';
import { leaseNotFound } from './errors.ts';
import type { LeaseRecord } from './journal.ts';
import type { Lease, LeaseId } from './types.ts';

/** Of longer leases it is written down that often what is left of them, as etcd does: restarts do not make them last for ever. */
const KEEP_EVERY_MS = 300_000;

interface Held {
  readonly ttl_s: number;
  /** By the clock that never steps back. */
  ends_ms: number;
  /** Whether less than all of it is written down. */
  isWrittenShorter: boolean;
  readonly keys: Set<string>;
}
interface Effects {
  /** Its time has come; it is to be removed. */
  readonly end: (id: LeaseId) => void;
  /** What is left of these is to be written down. */
  readonly keep: (leases: readonly LeaseRecord[]) => void;
}

/** Which leases there are, when they end, and what is bound to them. Knows nothing of values or durability. */
export class Leases implements Disposable {
  readonly #clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  readonly #effects: Effects;
  readonly #held = new Map<LeaseId, Held>();
  #last: LeaseId = 0;
  #timer: Timer | undefined;
  /** When the timer fires. */
  #due_ms = Number.POSITIVE_INFINITY;
  /** When it was last written down what is left. */
  #kept_ms: number;
  #disposed = false;

  constructor(clock: Pick<Clock, 'monotonic' | 'setTimer'>, leases: readonly LeaseRecord[], effects: Effects) {
    this.#clock = clock;
    this.#effects = effects;
    this.#kept_ms = clock.monotonic();
    for (const lease of leases) this.add(lease);
  }

  /** What the next one will be, once it is written down. Errors: RangeError for what is no whole number of seconds. */
  next(ttl_s: number): LeaseRecord {
    if (!(Number.isSafeInteger(ttl_s) && ttl_s > 0)) throw new RangeError(`a lease of ${ttl_s} seconds can not be granted`);
    return { id: ++this.#last, ttl_s };
  }

  add({ id, ttl_s, left_s = ttl_s }: LeaseRecord): void {
    this.#last = Math.max(this.#last, id);
    const ends_ms = this.#clock.monotonic() + left_s * 1000;
    this.#held.set(id, { ttl_s, ends_ms, isWrittenShorter: left_s < ttl_s, keys: new Set() });
    this.#arm(ends_ms);
  }

  /** Errors: `LEASE_NOT_FOUND`. */
  find(id: LeaseId): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw leaseNotFound(id);
    return held;
  }

  /** Errors: `LEASE_NOT_FOUND`. */
  state(id: LeaseId): Lease {
    const { ttl_s, ends_ms, keys } = this.find(id);
    return { id, ttl_s, left_s: Math.max(0, Math.ceil((ends_ms - this.#clock.monotonic()) / 1000)), keys: [...keys].sort() };
  }

  /** It begins anew; answers what is to be written down, where less is. Errors: `LEASE_NOT_FOUND`. */
  renew(id: LeaseId): LeaseRecord | undefined {
    const held = this.find(id);
    held.ends_ms = this.#clock.monotonic() + held.ttl_s * 1000;
    if (!held.isWrittenShorter) return undefined;
    held.isWrittenShorter = false;
    return { id, ttl_s: held.ttl_s };
  }

  remove(id: LeaseId): void {
    this.#held.delete(id);
  }

  /** The key is bound to another one now, or to none. */
  move(key: string, from: LeaseId | undefined, to: LeaseId | undefined): void {
    if (from !== undefined) this.#held.get(from)?.keys.delete(key);
    if (to === undefined) return;
    this.#held.get(to)?.keys.add(key);
    // The id of one that has ended is not given again while anything of it is kept.
    this.#last = Math.max(this.#last, to);
  }

  /** The longer ones, as they are now. */
  worthKeeping(): readonly LeaseRecord[] {
    const now_ms = this.#clock.monotonic();
    return [...this.#held]
      .filter(([, { ends_ms }]) => ends_ms - now_ms > KEEP_EVERY_MS)
      .map(([id, held]) => {
        held.isWrittenShorter = true;
        return { id, ttl_s: held.ttl_s, left_s: Math.ceil((held.ends_ms - now_ms) / 1000) };
      });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #arm(ends_ms: number): void {
    const now_ms = this.#clock.monotonic();
    const due_ms = Math.min(ends_ms, now_ms + KEEP_EVERY_MS);
    if (this.#disposed || this.#due_ms <= due_ms) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.setTimer(Math.max(0, due_ms - now_ms), () => this.#wake());
    this.#timer.unref();
    this.#due_ms = due_ms;
  }

  #wake(): void {
    this.#due_ms = Number.POSITIVE_INFINITY;
    const now_ms = this.#clock.monotonic();
    for (const [id, { ends_ms }] of [...this.#held]) if (ends_ms <= now_ms) this.#effects.end(id);
    if (now_ms - this.#kept_ms >= KEEP_EVERY_MS) {
      this.#kept_ms = now_ms;
      this.#effects.keep(this.worthKeeping());
    }
    let next_ms = Number.POSITIVE_INFINITY;
    for (const { ends_ms } of this.#held.values()) next_ms = Math.min(next_ms, ends_ms);
    if (this.#held.size > 0) this.#arm(next_ms);
  }
}
