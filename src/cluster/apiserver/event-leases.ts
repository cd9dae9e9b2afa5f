import { RevisionConflictError, type LeaseId, type Store } from '#cluster/store';
import { type Clock, type Logger, messageOf } from '#kit';
import { collectionPrefix } from './cache/keys.ts';

/** How long an Event is kept after its last change, where nobody says otherwise (`--event-ttl`). */
export const EVENT_TTL_DEFAULT_S = 3600;
const PREFIX = collectionPrefix({ group: '', resource: 'events' });
/** A lease takes Events for so long, or for this part of their time where that is less; they may be kept for so much longer. */
const SHARED_MAX_S = 60;
const SHARED_PART = 0.05;
/** So many keys end at one revision at most. */
const KEYS_MAX = 1000;

interface Current {
  readonly id: Promise<LeaseId>;
  /** By the clock that never steps back. */
  readonly usableUntil_ms: number;
  keys: number;
}

/** Events end with leases of the store, each shared by those that are written within a minute, as kube-apiserver has it. */
export class EventLeases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttl_s: number;
  #current: Current | undefined;

  constructor(store: Store, clock: Clock, ttl_s: number) {
    this.#store = store;
    this.#clock = clock;
    this.#ttl_s = ttl_s;
  }

  /** What is written under that key now ends with this one; undefined for what does not end by itself. */
  leaseFor(key: string): Promise<LeaseId> | undefined {
    if (!key.startsWith(PREFIX)) return undefined;
    const now_ms = this.#clock.monotonic();
    const known = this.#current;
    if (known !== undefined && now_ms < known.usableUntil_ms && known.keys < KEYS_MAX) {
      known.keys += 1;
      return known.id;
    }
    const shared_s = Math.floor(Math.min(SHARED_MAX_S, this.#ttl_s * SHARED_PART));
    const id = this.#store.grantLease(this.#ttl_s + shared_s).then((lease) => lease.id);
    const fresh = { id, usableUntil_ms: now_ms + shared_s * 1000, keys: 1 };
    this.#current = fresh;
    id.catch(() => {
      // Whoever waits for it is told; the next one asks again.
      if (this.#current === fresh) this.#current = undefined;
    });
    return id;
  }

  /** Events that a Gantry without leases wrote end as well. */
  async adopt(logger: Logger): Promise<void> {
    try {
      const { items } = await this.#store.range(PREFIX);
      for (const { key, value, modRevision, lease } of items) {
        const granted = lease === undefined ? this.leaseFor(key) : undefined;
        if (granted !== undefined) await this.#store.put(key, value, { expected: modRevision, lease: await granted }).catch(ignoreConflict);
      }
    } catch (error) {
      logger.warn('Cannot see that older events end', { error: messageOf(error) });
    }
  }
}

/** Somebody wrote it anew, or it is gone: just as well. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof RevisionConflictError)) throw error;
}
