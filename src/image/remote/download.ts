import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { messageOf } from '#kit';
import { asBytes } from '../bytes.ts';
import { shortId } from '../digest.ts';
import { notAvailable } from '../errors.ts';
import type { Descriptor } from '../types.ts';
import type { RegistrySession } from './session.ts';

/** Broken connections in a row, none of which brought a byte, after which a download is given up. */
const BREAKS_MAX = 4;

/**
 * A blob's bytes as one stream, whatever becomes of the connections over which they come: after a break it goes on where it stopped
 * (RFC 9110, 14.2: Range). A foreign layer is fetched from its own addresses, then from the registry. The digest is the reader's to verify.
 * `what` says in errors what is done. Errors of the stream: `REGISTRY_FAILED`.
 */
export function download(session: RegistrySession, blob: Descriptor, what: string): Readable {
  return Readable.from(pieces(session, blob, what), { objectMode: false, highWaterMark: 256 * 1024 });
}

/** Where a blob lies: what its descriptor says of foreign layers (OCI image-spec, `urls`), and the registry. */
function places(session: RegistrySession, { digest, urls = [] }: Descriptor): readonly URL[] {
  const foreign = urls.map((text) => URL.parse(text)).filter((url) => url?.protocol === 'https:' || url?.protocol === 'http:');
  return [...foreign.filter((url) => url !== null), session.url(`blobs/${digest}`)];
}

async function* pieces(session: RegistrySession, blob: Descriptor, what: string): AsyncGenerator<Buffer> {
  const { size } = blob;
  const waiting = [...places(session, blob)];
  let received = 0;
  let breaks = 0;
  for (let url = waiting.shift(); url !== undefined; ) {
    const answer = await ask(session, url, received).catch((error: unknown) => (waiting.length > 0 ? undefined : Promise.reject(error)));
    const begin = answer === undefined ? undefined : beginning(answer, received);
    if (answer === undefined || begin === undefined) {
      if (answer !== undefined && waiting.length === 0) throw await session.failure(answer, what);
      answer?.resume();
      url = waiting.shift();
      continue;
    }
    const before = received;
    try {
      for await (const piece of rest(answer, received - begin)) {
        received += piece.length;
        if (received > size) throw tooLong(session, blob, what);
        yield piece;
      }
    } catch (error) {
      if (received > size || session.isGivenUp) throw error;
      breaks = received > before ? 1 : breaks + 1;
      if (breaks >= BREAKS_MAX) throw brokenOff(session, blob, what, received, error);
      await session.pause(breaks);
      continue;
    }
    if (received === size) return;
    // The answer ended as if it were whole.
    throw notAvailable(
      `Cannot ${what}: registry ${session.host} sent ${received} bytes of ${shortId(blob.digest)}, which has ${size}: it is cut off there`,
      502,
    );
  }
}

function ask(session: RegistrySession, url: URL, from: number): Promise<IncomingMessage> {
  return session.send({ method: 'GET', url, ...(from === 0 ? {} : { headers: { range: `bytes=${from}-` } }) });
}

/** At which byte of the blob an answer begins; undefined for one that can't be used. */
function beginning({ statusCode, headers }: IncomingMessage, asked: number): number | undefined {
  if (statusCode === 200) return 0;
  if (statusCode !== 206) return undefined;
  const begin = Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1]);
  return begin <= asked ? begin : undefined;
}

/** What follows the bytes that are here already. */
async function* rest(answer: IncomingMessage, known: number): AsyncGenerator<Buffer> {
  let skipped = 0;
  for await (const piece of answer) {
    // No copy: it would be as much garbage again.
    const { buffer, byteOffset, byteLength } = asBytes(piece);
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    const skip = Math.min(known - skipped, chunk.length);
    skipped += skip;
    if (skip < chunk.length) yield chunk.subarray(skip);
  }
}

function tooLong(session: RegistrySession, { digest, size }: Descriptor, what: string) {
  return notAvailable(`Cannot ${what}: registry ${session.host} sends more than the ${size} bytes that ${shortId(digest)} has`, 502);
}

function brokenOff(session: RegistrySession, { size }: Descriptor, what: string, received: number, cause: unknown) {
  return notAvailable(
    `Cannot ${what}: the connection to ${session.host} broke off after ${received} of ${size} bytes, and ${BREAKS_MAX} times in a row: ${messageOf(cause)}`,
    502,
    cause,
  );
}
