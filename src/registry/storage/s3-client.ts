import type { IncomingMessage, RequestOptions } from 'node:http';
import { type Clock, nodeHttp } from '#kit';
import { authorizationOf, canonicalQuery, type Credentials, escapeUri, payloadHashOf } from './sigv4.ts';
import { storageFailed } from './errors.ts';

export interface S3Place {
  /** `https://s3.example.org`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The bucket is a part of the path, not of the host's name. */
  readonly pathStyle: boolean;
}
export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Without a leading slash; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Not every server has this operation: an answer of 501 is one too, with an empty text. */
  readonly mayLack?: boolean;
}

const TRIES = 4;
const FIRST_PAUSE_MS = 100;
const SILENCE_MS = 60_000;

/** Requests to one bucket, signed; what fails for the moment is tried again. Bodies are in memory, so that each try sends the same. */
export class S3Client {
  readonly #place: S3Place;
  readonly #base: URL;
  readonly #credentials: Credentials;
  readonly #clock: Clock;

  constructor(place: S3Place, credentials: Credentials, clock: Clock) {
    this.#place = place;
    this.#base = new URL(place.endpoint);
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** The answer, its body not yet read; one of 404 is an answer too. Errors: `STORAGE_FAILED`. */
  async call(call: S3Call): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt += 1) {
      let failure: { readonly words: string; readonly cause?: unknown };
      try {
        const answer = await this.#send(call);
        const status = answer.statusCode ?? 0;
        if (status < 300 || status === 404 || isLack(call, status)) return answer;
        const text = call.method === 'HEAD' ? '' : (await bodyOf(answer)).toString('utf8');
        failure = { words: `it answers ${status} ${/<Code>(.*?)<\/Code>/s.exec(text)?.[1] ?? ''}`.trim() };
        if (status < 500 && status !== 429) throw storageFailed(this.#base.origin, failure.words);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code === 'STORAGE_FAILED') throw error;
        failure = { words: error.message, cause: error };
      }
      if (attempt === TRIES) throw storageFailed(this.#base.origin, failure.words, failure.cause);
      await this.#clock.sleep(FIRST_PAUSE_MS * 4 ** (attempt - 1));
    }
  }

  /** The whole answer as text. Errors: `STORAGE_FAILED`, for a 404 too. */
  async text(call: S3Call): Promise<string> {
    const answer = await this.call(call);
    const text = (await bodyOf(answer)).toString('utf8');
    if (isLack(call, answer.statusCode)) return '';
    const code = /<Error>.*<Code>(.*?)<\/Code>/s.exec(text)?.[1];
    // The end of a multipart upload may answer 200 and say only then that it failed.
    if (answer.statusCode === 404 || code !== undefined) throw storageFailed(this.#base.origin, `it answers ${code ?? 404}`);
    return text;
  }

  async #send({ method, key, query = {}, headers: given = {}, body = new Uint8Array() }: S3Call): Promise<IncomingMessage> {
    const { bucket, pathStyle, region } = this.#place;
    const host = pathStyle ? this.#base.host : `${bucket}.${this.#base.host}`;
    const segments = [...(pathStyle ? [bucket] : []), ...(key === '' ? [] : key.split('/'))];
    const path = `${this.#base.pathname.replace(/\/$/, '')}/${segments.map(escapeUri).join('/')}`;
    const timestamp = new Date(this.#clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const payloadHash = await payloadHashOf(body);
    const headers = { ...given, host, 'x-amz-date': timestamp, 'x-amz-content-sha256': payloadHash };
    const authorization = authorizationOf({ method, path, query, headers, payloadHash }, { region, timestamp }, this.#credentials);
    const text = canonicalQuery(query);
    return this.#exchange(
      {
        method,
        hostname: pathStyle ? this.#base.hostname : `${bucket}.${this.#base.hostname}`,
        ...(this.#base.port === '' ? {} : { port: this.#base.port }),
        path: text === '' ? path : `${path}?${text}`,
        headers: { ...headers, authorization, 'content-length': body.length },
        timeout: SILENCE_MS,
      },
      body,
    );
  }

  async #exchange(options: RequestOptions, body: Uint8Array): Promise<IncomingMessage> {
    const { request } = this.#base.protocol === 'https:' ? await import('node:https') : nodeHttp();
    return new Promise((resolve, reject) => {
      const asking = request(options, resolve);
      asking.on('timeout', () => asking.destroy(Object.assign(new Error(`it was silent for ${SILENCE_MS / 1000} s`), { code: 'ETIMEDOUT' })));
      asking.on('error', reject);
      asking.end(body);
    });
  }
}

function isLack({ mayLack = false }: S3Call, status: number | undefined): boolean {
  return mayLack && status === 501;
}

/** The whole body of an answer. */
export async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
