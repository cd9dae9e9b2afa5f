import { GantryError } from '#kit';
import type { HttpClient } from './http.ts';
import { alertOf } from './trust.ts';

type Scheme = 'http:' | 'https:';
const PATIENCE_MS = 5_000;

/** Whether a registry that may go without TLS speaks it all the same (containers-registries.conf(5), `insecure`): found out once for each. */
export class Schemes {
  readonly #http: HttpClient;
  readonly #known = new Map<string, Promise<Scheme>>();

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async of(host: string, signal?: AbortSignal): Promise<Scheme> {
    const known = this.#known.get(host);
    if (known) return await known;
    const asking = this.#ask(host, signal);
    this.#known.set(host, asking);
    return await asking;
  }

  async #ask(host: string, signal: AbortSignal | undefined): Promise<Scheme> {
    try {
      const url = new URL(`https://${host}/v2/`);
      const answer = await this.#http.send({ method: 'GET', url, unverified: true, timeout_ms: PATIENCE_MS, ...(signal === undefined ? {} : { signal }) });
      answer.resume();
      return 'https:';
    } catch (error) {
      // Only who answered, in other words than TLS's, is known to speak none.
      const cause = error instanceof GantryError ? error.cause : undefined;
      if (alertOf(cause) !== undefined) return 'https:';
      if (!saidSomething(cause)) this.#known.delete(host);
      if (signal?.aborted) throw error;
      return 'http:';
    }
  }
}

function saidSomething(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'EPROTO' || String(cause.code).startsWith('ERR_SSL_'));
}
