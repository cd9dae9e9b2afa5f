import { preconditionFailed } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/**
 * Whether the conditions of a GET or HEAD settle it (RFC 9110, 13.2.2: If-Match, then If-None-Match): where the client has the content of that
 * entity tag already the answer is 304, and nothing more is to be said. Errors: `DENIED` (412) where it wants another content.
 */
export function isSettled(exchange: Exchange, etag: string): boolean {
  const { request, response } = exchange;
  checkChange(exchange, etag, { only: 'if-match' });
  if (!matches(request.headers['if-none-match'], etag)) return false;
  response.writeHead(304, { etag }).end();
  return true;
}

/**
 * Whether a change may be made to what has that entity tag now; undefined where there is nothing: `If-None-Match: *` makes only what is not
 * there, `If-Match: "DIGEST"` changes only what is as the client has seen it. Errors: `DENIED` (412).
 */
export function checkChange({ request }: Exchange, etag: string | undefined, { only }: { readonly only?: 'if-match' } = {}): void {
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && (etag === undefined || !matches(wanted, etag))) throw preconditionFailed(`If-Match: ${wanted}`, etag);
  if (only === 'if-match' || etag === undefined) return;
  const unwanted = request.headers['if-none-match'];
  if (matches(unwanted, etag)) throw preconditionFailed(`If-None-Match: ${unwanted}`, etag);
}

/** A range of a blob's bytes, both ends in it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range of bytes that a GET asks for (RFC 9110, 14.2); undefined when all is meant: also for what is no range, for several of them,
 * and where `If-Range` names another content. `unsatisfiable` for one that lies outside.
 */
export function rangeOf({ request }: Exchange, etag: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const { range, 'if-range': unchanged } = request.headers;
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (request.method !== 'GET' || !match || (unchanged !== undefined && unchanged !== etag)) return undefined;
  const [first = '', last = ''] = match.slice(1);
  if (first === '' && last === '') return undefined;
  if (first === '') return Number(last) === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - Number(last)), end: size - 1 };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return 'unsatisfiable';
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(etag);
}
