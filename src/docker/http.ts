import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { GantryError, messageOf } from '#kit';
import { badRequest } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';

/** Of JSON; files and archives are not held in memory. */
export const BODY_LIMIT_BYTES = 16 * 2 ** 20;

/** A connection that left HTTP, with the request's body that was read from it. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly body: Buffer;
}

/** One request with its parsed address. */
export class Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the API version that the client asked for: 44 for v1.44. */
  readonly minor: number;
  /** Aborts when the client goes away before the answer was whole. */
  readonly signal: AbortSignal;
  /** There when the client asked to upgrade the connection. */
  readonly upgraded: Upgraded | undefined;

  constructor(parts: {
    request: IncomingMessage;
    response: ServerResponse;
    query: URLSearchParams;
    parameters: Readonly<Record<string, string>>;
    minor: number;
    signal: AbortSignal;
    upgraded?: Upgraded;
  }) {
    this.request = parts.request;
    this.response = parts.response;
    this.query = parts.query;
    this.parameters = parts.parameters;
    this.minor = parts.minor;
    this.signal = parts.signal;
    this.upgraded = parts.upgraded;
  }

  parameter(name: string): string {
    return this.parameters[name] ?? '';
  }

  text(name: string): string | undefined {
    const value = this.query.get(name);
    return value === null || value === '' ? undefined : value;
  }

  /** Docker's booleans: absent, empty, `0`, `no`, `false` and `none` are false. */
  flag(name: string, fallback = false): boolean {
    const value = this.query.get(name);
    return value === null ? fallback : !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value)) throw badRequest(`invalid value "${value}" for ${name}: it must be a whole number`);
    return Number(value);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body as a JSON object; an empty body is `{}`. Errors: 400, and 413 past `BODY_LIMIT_BYTES`. */
  async body(): Promise<JsonObject> {
    this.#requireJson();
    const text = (await this.#bytes()).toString('utf8').trim();
    if (text === '' || text === 'null') return {};
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw badRequest(`invalid JSON in the request's body: ${messageOf(error)}`, error);
    }
    if (!isObject(value)) throw badRequest("the request's body must be a JSON object");
    return value;
  }

  /** Without a body there need be no type. */
  #requireJson(): void {
    const type = this.header('content-type');
    const { 'content-length': length, 'transfer-encoding': encoding } = this.request.headers;
    if (type === undefined && (length === undefined || length === '0') && encoding === undefined) return;
    const media = (type ?? '').split(';', 1)[0]?.trim().toLowerCase();
    if (media !== 'application/json') throw badRequest(`unsupported Content-Type header (${type ?? ''}): must be 'application/json'`);
  }

  async #bytes(): Promise<Buffer> {
    if (this.upgraded) return this.upgraded.body;
    const chunks: Buffer[] = [];
    let size = 0;
    // The connection is still needed for the answer when the body is given up.
    for await (const chunk of this.request.iterator({ destroyOnReturn: false })) {
      // A request without an encoding gives buffers only.
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > BODY_LIMIT_BYTES) throw bodyTooLarge();
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  }

  json(status: number, value: unknown): void {
    const body = Buffer.from(`${JSON.stringify(value)}\n`);
    this.response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    this.response.end(body);
  }

  empty(status: number): void {
    this.response.writeHead(status);
    this.response.end();
  }

  /** Begins a streamed answer and sends its headers at once. */
  begin(contentType: string, status = 200): void {
    this.response.writeHead(status, { 'Content-Type': contentType });
    this.response.flushHeaders();
  }

  /** Writes, waiting while the client is slower. False once the client has gone. */
  async write(chunk: string | Uint8Array): Promise<boolean> {
    if (this.response.destroyed || this.signal.aborted) return false;
    if (this.response.write(chunk)) return true;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      this.response.once('drain', done).once('close', done);
    });
    return !this.response.destroyed;
  }
}

export function bodyTooLarge(): GantryError {
  return new GantryError('BODY_TOO_LARGE', 413, `the request's body is larger than ${BODY_LIMIT_BYTES} bytes`);
}

/** Answers with Docker's error shape, or ends a stream that has begun. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  const status = thrown instanceof GantryError ? thrown.status : 500;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify({ message: messageOf(thrown) })}\n`);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
