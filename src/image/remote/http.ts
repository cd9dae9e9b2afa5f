import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { messageOf, nodeHttp } from '#kit';
import { notAvailable } from '../errors.ts';

export interface HttpCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a stream made anew for every attempt. */
  readonly body?: Uint8Array | (() => Promise<Readable>);
  readonly signal?: AbortSignal;
}

/** Follows at most so many redirects, as the field's clients do. */
const REDIRECTS_MAX = 10;
/** A connection on which nothing moves for so long is given up. */
const SILENCE_MS_MAX = 60_000;

/** HTTP with kept connections; the owner closes it. */
export class HttpClient {
  readonly #plain = new (nodeHttp().Agent)({ keepAlive: true, maxSockets: 8 });
  readonly #secure = new HttpsAgent({ keepAlive: true, maxSockets: 8 });

  /** Sends the call and follows redirects of GET and HEAD; credentials never go to another host. Errors: `REGISTRY_FAILED` when the host can't be reached. */
  async send(call: HttpCall): Promise<IncomingMessage> {
    let { url, headers = {} } = call;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const answer = await this.#once({ ...call, url, headers });
      const location = answer.headers.location;
      const follows = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) && location !== undefined && (call.method === 'GET' || call.method === 'HEAD');
      if (!follows) return answer;
      answer.resume();
      const next = new URL(location, url);
      if (next.host !== url.host) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
      url = next;
    }
    throw notAvailable(`Cannot ${call.method} ${call.url.href}: more than ${REDIRECTS_MAX} redirects`, 502);
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  async #once({ method, url, headers, body, signal }: HttpCall): Promise<IncomingMessage> {
    const stream = typeof body === 'function' ? await body() : undefined;
    return new Promise((resolve, reject) => {
      const isPlain = url.protocol === 'http:';
      const options = {
        method,
        headers: { 'user-agent': 'gantry', ...headers },
        agent: isPlain ? this.#plain : this.#secure,
        timeout: SILENCE_MS_MAX,
        ...(signal === undefined ? {} : { signal }),
      };
      const request = (isPlain ? nodeHttp().request : httpsRequest)(url, options, resolve);
      request.on('error', (error) =>
        reject(signal?.aborted ? signal.reason : notAvailable(`Cannot reach registry ${url.host}: ${messageOf(error) || error.name}`, 502, error)),
      );
      request.on('timeout', () => request.destroy(new Error(`no answer for ${SILENCE_MS_MAX / 1_000} s`)));
      if (stream) pipeline(stream, request, (error) => error && request.destroy(error));
      else request.end(body);
    });
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
