import type { IncomingMessage, ServerResponse } from 'node:http';
import { GantryError, type Logger } from '#kit';
import { RegistryError } from '../errors.ts';

/** A request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** The user who asks, where the registry knows. */
  readonly user?: string;
  /** Whether whoever asks may take blobs out of a repository; all may when left out. */
  readonly mayPull?: (repository: string) => boolean;
  /** Whether the catalogue shows them a repository; all when left out. */
  readonly maySee?: (repository: string) => boolean;
}

/** Answers without a body, or with JSON. */
export function answer({ request, response }: Exchange, status: number, headers: Readonly<Record<string, string | number>> = {}, body?: unknown): void {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...(status === 204 ? {} : { 'content-length': bytes?.length ?? 0 }),
    ...(bytes ? { 'content-type': 'application/json' } : {}),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Answers with an error in the shape of the specification; what is no fault of the client is logged. */
export function answerError(exchange: Exchange, error: unknown, logger: Logger): void {
  const known = error instanceof GantryError ? error : undefined;
  if (!known || known.status >= 500) logger.error('registry request failed', { method: exchange.request.method, path: exchange.url.pathname, error });
  if (exchange.response.headersSent) {
    exchange.response.destroy();
    return;
  }
  const code = known?.code ?? 'UNKNOWN';
  const message = known?.message ?? 'the registry failed; its log says why';
  const detail = error instanceof RegistryError ? error.detail : undefined;
  // What of the body was not read would be taken for the next request.
  if (hasBody(exchange.request) && !exchange.request.readableEnded) exchange.response.shouldKeepAlive = false;
  answer(exchange, known?.status ?? 500, error instanceof RegistryError ? error.headers : {}, {
    errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }],
  });
}

/** Whether the client sends one (RFC 9112, 6.3): each challenge would else cost a connection. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** One page of a sorted list by `n` and `last`, and the Link header to the next one. */
export function pageOf(all: readonly string[], url: URL): { readonly page: readonly string[]; readonly headers: Readonly<Record<string, string>> } {
  const last = url.searchParams.get('last');
  const given = url.searchParams.get('n');
  if (given !== null && !/^\d+$/.test(given)) throw new RegistryError('UNSUPPORTED', 400, `n=${given} is no number of entries`);
  const rest = last === null ? all : all.filter((item) => item > last);
  const page = given === null ? rest : rest.slice(0, Number(given));
  const end = page.at(-1);
  if (page.length === rest.length || end === undefined) return { page, headers: {} };
  const next = new URLSearchParams({ n: String(page.length), last: end });
  return { page, headers: { link: `<${url.pathname}?${next.toString()}>; rel="next"` } };
}

/** The whole body, at most so many bytes. `what` names it in the error. */
export async function readBody(request: IncomingMessage, bytes_max: number, what = 'manifest'): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    const chunk: Buffer = Buffer.from(piece);
    size += chunk.length;
    if (size > bytes_max) throw new RegistryError('MANIFEST_INVALID', 413, `the ${what} is longer than ${bytes_max} bytes`);
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}
