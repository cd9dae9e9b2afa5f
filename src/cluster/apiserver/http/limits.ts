import type { UserInfo } from '#cluster/api';
import { parseDuration_ns } from '#kit';
import { invalidTimeout, tooManyRequests } from '../errors.ts';

/** What one server takes on at a time, and how long it lets it take. */
export interface RequestLimits {
  /** Of reading requests, at the same time; 0 for any number. */
  readonly maxRequestsInflight: number;
  /** Of those that write. */
  readonly maxMutatingRequestsInflight: number;
  /** Of what is not open for long by its nature. */
  readonly requestTimeout_ms: number;
  /** A watch whose client names no end is ended after this time at least, and twice that at most. */
  readonly minRequestTimeout_s: number;
  /** In which the head of a request must have come, and before it the greetings of TLS. */
  readonly headersTimeout_ms: number;
}

/** kube-apiserver's own. */
export const LIMITS_DEFAULT: RequestLimits = {
  maxRequestsInflight: 400,
  maxMutatingRequestsInflight: 200,
  requestTimeout_ms: 60_000,
  minRequestTimeout_s: 1800,
  headersTimeout_ms: 32_000,
};

const NEVER_REFUSED = 'system:masters';

/** Those requests that are under way and not open for long: there is a place for so many, and a server that stops waits for them. */
export class InFlight {
  readonly #limits: RequestLimits;
  readonly #taken = { reading: 0, writing: 0 };
  #all = 0;
  #onEmpty: (() => void)[] = [];

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** A place, until what it answers is called. Errors: 429 where there is none; whoever may do everything is let in all the same. */
  enter(what: 'reading' | 'writing', { groups }: UserInfo): () => void {
    const limit = what === 'writing' ? this.#limits.maxMutatingRequestsInflight : this.#limits.maxRequestsInflight;
    const hasPlace = limit === 0 || this.#taken[what] < limit;
    if (!hasPlace && !groups.includes(NEVER_REFUSED)) throw tooManyRequests();
    if (hasPlace) this.#taken[what] += 1;
    this.#all += 1;
    return () => {
      if (hasPlace) this.#taken[what] -= 1;
      this.#all -= 1;
      if (this.#all === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
    };
  }

  /** Resolves when there is none. */
  empty(): Promise<void> {
    return this.#all === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve));
  }
}

/** How long the request may take: `timeout` of its query shortens it, where it is more than nothing. Errors: 400. */
export function timeoutOf(query: Readonly<Record<string, string>>, { requestTimeout_ms }: RequestLimits): number {
  const text = query.timeout ?? '';
  if (text === '') return requestTimeout_ms;
  const wanted_ns = parseDuration_ns(text.replace(/^[-+]/, ''));
  if (wanted_ns === undefined) throw invalidTimeout(text);
  return wanted_ns === 0 || text.startsWith('-') ? requestTimeout_ms : Math.min(wanted_ns / 1e6, requestTimeout_ms);
}
