import type { Clock } from '#kit';
import { tooManyRequests } from '../errors.ts';

/** What one client may ask of the registry: a user, or an address of those who don't say who they are. */
export interface LimitSettings {
  readonly requests?: RequestLimit;
  /** Uploads that one client may have under way at once. */
  readonly uploads?: number;
}
export interface RequestLimit {
  readonly perSecond: number;
  /** How many may come at once after a time of rest; as many as in a second when left out. */
  readonly burst?: number;
}
interface Bucket {
  tokens: number;
  at_ms: number;
}

const CLIENTS_MAX = 10_000;

/** Counts what each client asks for: a bucket that fills again with time, and what it uploads now. */
export class Limits {
  readonly #settings: LimitSettings;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new Map<string, number>();

  constructor(settings: LimitSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Errors: `TOOMANYREQUESTS`, with the seconds to wait. */
  countRequest(client: string): void {
    this.check(client);
    this.countServed(client);
  }

  /** Whether the client may ask now; that is not counted. Errors: `TOOMANYREQUESTS`. */
  check(client: string): void {
    const { requests } = this.#settings;
    if (requests === undefined) return;
    const { tokens } = this.#filled(client, requests);
    if (tokens < 1) throw tooManyRequests(Math.ceil((1 - tokens) / requests.perSecond), 'more requests than the registry takes of one client');
  }

  /** Counts what was let in already. */
  countServed(client: string): void {
    const { requests } = this.#settings;
    if (requests !== undefined) this.#filled(client, requests).tokens -= 1;
  }

  /** Counts an upload until what is answered is called. Errors: `TOOMANYREQUESTS`. */
  countUpload(client: string): () => void {
    const now = this.#uploads.get(client) ?? 0;
    if (now >= (this.#settings.uploads ?? Number.POSITIVE_INFINITY)) throw tooManyRequests(1, `${now} uploads of one client are under way already`);
    this.#uploads.set(client, now + 1);
    return () => {
      const left = (this.#uploads.get(client) ?? 1) - 1;
      if (left === 0) this.#uploads.delete(client);
      else this.#uploads.set(client, left);
    };
  }

  #filled(client: string, { perSecond, burst = Math.max(1, perSecond) }: RequestLimit): Bucket {
    const now_ms = this.#clock.monotonic();
    const bucket = this.#buckets.get(client) ?? this.#newBucket(client, burst, now_ms);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now_ms - bucket.at_ms) / 1000) * perSecond);
    bucket.at_ms = now_ms;
    return bucket;
  }

  /** Buckets that have filled again say nothing: they go when there are many. */
  #newBucket(client: string, burst: number, now_ms: number): Bucket {
    const { perSecond } = this.#settings.requests ?? { perSecond: 1 };
    if (this.#buckets.size >= CLIENTS_MAX)
      for (const [other, { tokens, at_ms }] of this.#buckets) if (tokens + ((now_ms - at_ms) / 1000) * perSecond >= burst) this.#buckets.delete(other);
    const bucket = { tokens: burst, at_ms: now_ms };
    this.#buckets.set(client, bucket);
    return bucket;
  }
}
