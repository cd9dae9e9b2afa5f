import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { GantryError, nodeHttp } from '#kit';
import { notAvailable } from '../errors.ts';
import { type ProxySettings, proxyFor } from './proxy.ts';
import { isUnknownAuthority, Trust, type TrustQuery } from './trust.ts';

export interface HttpOptions {
  readonly proxies?: ProxySettings;
  /** Folders that have a folder for each registry, with its authorities (certs.d). */
  readonly certificateFolders?: readonly string[];
  /** A file of authorities (PEM) that are believed besides, whoever is asked. */
  readonly authority?: string;
}
export interface HttpCall extends Omit<TrustQuery, 'url'> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a stream made anew for every attempt. */
  readonly body?: Uint8Array | (() => Promise<Readable>);
  readonly signal?: AbortSignal;
  /** A connection on which nothing moves for so long is given up. */
  readonly timeout_ms?: number;
}

/** Follows at most so many redirects, as the field's clients do. */
const REDIRECTS_MAX = 10;
const SILENCE_MS_MAX = 60_000;

interface AgentOptions {
  readonly keepAlive: true;
  readonly maxSockets: number;
  readonly proxyEnv?: { readonly HTTP_PROXY: string; readonly HTTPS_PROXY: string };
}

/** HTTP with kept connections, through proxies where they are named; the owner closes it. */
export class HttpClient {
  readonly #proxies: ProxySettings;
  readonly #trust: Trust;
  /** By the proxy and the scheme. */
  readonly #agents = new Map<string, HttpsAgent | InstanceType<ReturnType<typeof nodeHttp>['Agent']>>();

  constructor(options: HttpOptions = {}) {
    this.#proxies = options.proxies ?? {};
    this.#trust = new Trust(options.certificateFolders ?? [], options.authority);
  }

  /** Sends the call and follows redirects of GET and HEAD; credentials never go to another host. Errors: `REGISTRY_FAILED` when the host can't be reached. */
  async send(call: HttpCall): Promise<IncomingMessage> {
    let { url, headers = {}, unverified = false } = call;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const answer = await this.#once({ ...call, url, headers, unverified });
      const location = answer.headers.location;
      const follows = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) && location !== undefined && (call.method === 'GET' || call.method === 'HEAD');
      if (!follows) return answer;
      answer.resume();
      const next = new URL(location, url);
      if (next.host !== url.host) unverified = false;
      // What was said in secret is not repeated aloud, either.
      if (next.host !== url.host || (url.protocol === 'https:' && next.protocol === 'http:'))
        headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
      url = next;
    }
    throw notAvailable(`Cannot ${call.method} ${call.url.href}: more than ${REDIRECTS_MAX} redirects`, 502);
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** The system's own authorities are looked at only when nobody else vouches for the host. */
  async #once(call: HttpCall): Promise<IncomingMessage> {
    try {
      return await this.#attempt(call);
    } catch (error) {
      if (!isUnknownAuthority(error) || !(await this.#trust.takeInSystem())) throw this.#explained(call, error);
    }
    return await this.#attempt(call).catch((error: unknown) => {
      throw this.#explained(call, error);
    });
  }

  async #attempt(call: HttpCall): Promise<IncomingMessage> {
    const { method, url, headers, body, signal, timeout_ms = SILENCE_MS_MAX } = call;
    const words = await this.#trust.words(call);
    const stream = typeof body === 'function' ? await body() : undefined;
    return new Promise((resolve, reject) => {
      const options = {
        method,
        headers: { 'user-agent': 'gantry', ...headers },
        agent: this.#agent(url),
        timeout: timeout_ms,
        ...words,
        ...(signal === undefined ? {} : { signal }),
      };
      const request = (url.protocol === 'http:' ? nodeHttp().request : httpsRequest)(url, options, resolve);
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error(`no answer for ${timeout_ms / 1_000} s`)));
      if (stream) pipeline(stream, request, (error) => error && request.destroy(error));
      else request.end(body);
    });
  }

  #agent(url: URL) {
    const proxy = proxyFor(this.#proxies, url)?.href;
    const key = `${url.protocol} ${proxy ?? ''}`;
    const known = this.#agents.get(key);
    if (known) return known;
    const options: AgentOptions = {
      keepAlive: true,
      maxSockets: 8,
      ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
    };
    const agent = url.protocol === 'http:' ? new (nodeHttp().Agent)(options) : new HttpsAgent(options);
    this.#agents.set(key, agent);
    return agent;
  }

  #explained({ url, signal }: HttpCall, error: unknown): unknown {
    if (signal?.aborted) return signal.reason;
    if (!(error instanceof Error) || error instanceof GantryError) return error;
    const proxy = proxyFor(this.#proxies, url)?.host;
    return notAvailable(
      `Cannot reach registry ${url.host}${proxy === undefined ? '' : ` through the proxy ${proxy}`}: ${this.#trust.explain(url, error)}`,
      502,
      error,
    );
  }
}

/** The whole body, at most so many bytes. */
export async function readBody(answer: IncomingMessage, bytes_max = 8 * 1024 * 1024): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer) {
    const chunk: Buffer = Buffer.from(piece);
    size += chunk.length;
    if (size > bytes_max) throw notAvailable(`Cannot read the registry's answer: it is longer than ${bytes_max} bytes`, 502);
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}
