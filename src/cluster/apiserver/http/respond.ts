import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type KubeList, type KubeObject, StatusError } from '#cluster/api';
import { GantryError, type Logger } from '#kit';
import { beginsWith, lengthOf, writeBytes } from '../cache/bytes.ts';
import { internalError, notAcceptable } from '../errors.ts';
import { encoded, ENCODING_TYPES } from './encodings.ts';
import { objectForm, parseAccept } from './negotiate.ts';

const JSON_TYPE = 'application/json';

const NO_CACHE = 'no-cache, private';

export function sendBytes(response: ServerResponse, status: number, bytes: Uint8Array, type = JSON_TYPE, cache = NO_CACHE): void {
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': cache });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

const compress = promisify(gzip);
/** From here on compressing costs less than sending (the bound that kube-apiserver has too). */
const GZIP_FROM_BYTES = 128 * 1024;
const FASTEST = 1;

/** Objects and lists: large ones compressed where the client takes that, off the event loop. */
export async function sendContent(response: ServerResponse, status: number, bytes: Uint8Array, type = JSON_TYPE): Promise<void> {
  if (bytes.length < GZIP_FROM_BYTES || !takesGzip(response.req.headers['accept-encoding'])) return sendBytes(response, status, bytes, type);
  const packed = await compress(bytes, { level: FASTEST });
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('vary', 'Accept-Encoding');
  sendBytes(response, status, packed, type);
}

function takesGzip(header: string | string[] = ''): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/.test(String(header));
}

/** A value made for this answer alone. */
export function sendJson(response: ServerResponse, status: number, value: unknown, type = JSON_TYPE, cache = NO_CACHE): void {
  sendBytes(response, status, Buffer.from(JSON.stringify(value)), type, cache);
}

/** A value that is no object of a resource, in the encoding that is asked for. Errors: 406. */
export async function sendNegotiated(response: ServerResponse, value: unknown): Promise<void> {
  const asked = objectForm(parseAccept(response.req.headers.accept));
  if (asked?.form !== 'object') throw notAcceptable(Object.values(ENCODING_TYPES));
  sendBytes(response, 200, await encoded(value, asked.encoding), ENCODING_TYPES[asked.encoding]);
}

export function sendText(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  sendBytes(response, status, Buffer.from(text), type);
}

/** Text that no browser may take for something else. */
export function sendPlain(response: ServerResponse, status: number, text: string): void {
  response.setHeader('x-content-type-options', 'nosniff');
  sendText(response, status, text);
}

/** Outside the API a path that is not there is answered as any HTTP server does. */
export function sendPageNotFound(response: ServerResponse): void {
  sendPlain(response, 404, '404 page not found\n');
}

/** Whatever was thrown, in Kubernetes' shape; what is the server's own fault is logged here, once. */
export function statusErrorOf(thrown: unknown, logger: Logger): StatusError {
  if (thrown instanceof StatusError) return thrown;
  if (thrown instanceof GantryError && thrown.status < 500)
    return new StatusError(thrown.status, reasonOf(thrown.status), thrown.message, undefined, { cause: thrown });
  logger.error('Cannot answer a request', { error: thrown });
  return internalError(thrown);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
};
function reasonOf(status: number): string {
  return REASONS[status] ?? 'BadRequest';
}

/** Also an error is written as its client wants it read. */
export async function sendError(response: ServerResponse, error: StatusError): Promise<void> {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const after = error.body.details?.retryAfterSeconds;
  if (after !== undefined) response.setHeader('retry-after', after);
  addWarnings(response, error.warnings);
  // A denial is read by people, too.
  if (error.status === 403) response.setHeader('x-content-type-options', 'nosniff');
  const encoding = objectForm(parseAccept(response.req.headers.accept))?.encoding ?? 'json';
  sendBytes(response, error.status, await encoded(error.body, encoding), ENCODING_TYPES[encoding]);
}

/** The list's JSON, put together from its items' shared bytes; with `isTyped` the list alone says what its items are. */
export function listBytes(list: KubeList, isTyped: boolean): Buffer {
  const { apiVersion, kind, metadata, items } = list;
  const said = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(items[0]?.kind)},`;
  const skips = items.map((item) => (isTyped && beginsWith(item, said) ? said.length : 0));
  const head = `${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`;
  const length = items.reduce((sum, item, index) => sum + lengthOf(item) + 2 - (skips[index] ?? 0), Buffer.byteLength(head) + END.length);
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.write(head);
  items.forEach((item, index) => {
    const skip = skips[index] ?? 0;
    if (index > 0) at = bytes.writeUInt8(COMMA, at);
    if (skip > 0) at = bytes.writeUInt8(OPEN, at);
    at = writeBytes(item, bytes, at, skip);
  });
  at += bytes.write(END, at);
  return bytes.subarray(0, at);
}
const COMMA = 0x2c;
const OPEN = 0x7b;
const END = ']}\n';

/** RFC 7234 Warning headers, as kubectl prints them. */
export function addWarnings(response: ServerResponse, warnings: readonly string[] | undefined): void {
  if (warnings && warnings.length > 0)
    response.setHeader(
      'warning',
      warnings.map((text) => `299 - "${quotable(text)}"`),
    );
}

function quotable(text: string): string {
  return text.replaceAll(/[\\"]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, '?');
}

/** meta.k8s.io PartialObjectMetadata: an object without all but its metadata. */
export function partialOf(object: KubeObject, version: string): KubeObject {
  return { apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadata', metadata: object.metadata };
}
