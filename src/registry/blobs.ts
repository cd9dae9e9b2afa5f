import { type Digest, isDigest } from '#image';
import { blobUnknown, digestInvalid, RegistryError, unsupported } from './errors.ts';
import { isSettled, rangeOf } from './http/conditions.ts';
import { answer, type Exchange } from './http/exchange.ts';
import type { Hooks } from './hooks/hooks.ts';
import type { Repositories } from './repositories.ts';
import type { BlobStorage } from './storage/types.ts';

/** GET, HEAD and DELETE of a blob (distribution-spec, "Pulling blobs", "Deleting Blobs"). */
export async function serveBlob(
  parts: { readonly storage: BlobStorage; readonly repositories: Repositories; readonly hooks: Hooks },
  exchange: Exchange,
  name: string,
  text: string,
): Promise<void> {
  const digest = asDigest(text);
  const { storage, repositories } = parts;
  repositories.see(name, digest);
  const size = repositories.hasBlob(name, digest) ? (await storage.stat(digest))?.size : undefined;
  if (size === undefined) throw blobUnknown(name, digest);
  switch (exchange.request.method) {
    case 'HEAD':
    case 'GET':
      return sendBlob(storage, exchange, digest, size);
    case 'DELETE':
      await repositories.unlinkBlob(name, digest);
      parts.hooks.tell(exchange, { action: 'delete', repository: name, digest });
      return answer(exchange, 202);
    default:
      throw unsupported(`${exchange.request.method} of a blob`, 'GET, HEAD, DELETE');
  }
}

/** The digest that the text is. Errors: `DIGEST_INVALID`. */
export function asDigest(text: string): Digest {
  if (!isDigest(text)) throw digestInvalid(`"${text}" is no digest: a right one is sha256: and 64 lower-case hexadecimal digits, or sha512: and 128`);
  return text;
}

/** Answers with a blob of the store, or the range of it that is asked for. */
export async function sendBlob(storage: Pick<BlobStorage, 'pour'>, exchange: Exchange, digest: Digest, size: number): Promise<void> {
  const etag = `"${digest}"`;
  if (isSettled(exchange, etag)) return;
  const range = rangeOf(exchange, etag, size);
  if (range === 'unsatisfiable') {
    const problem = `range ${exchange.request.headers.range} lies outside the blob's ${size} bytes`;
    throw new RegistryError('SIZE_INVALID', 416, problem, { headers: { 'content-range': `bytes */${size}` } });
  }
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, etag, 'accept-ranges': 'bytes' };
  const { start, end } = range ?? { start: 0, end: size - 1 };
  exchange.response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': end - start + 1,
    ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (exchange.request.method === 'HEAD' || size === 0) {
    exchange.response.end();
    return;
  }
  // Who left before the end hears of nothing any more; what was answered is written down when the response closes.
  if (await storage.pour(digest, { start, end }, exchange.response)) exchange.response.end();
}
