import { Readable } from 'node:stream';
import { crc32, createDeflateRaw, type DeflateRaw, deflateRawSync } from 'node:zlib';
import { GZIP_LEVEL } from './gzip-level.ts';

/** Of each piece so much is tried, from its middle. */
const SAMPLE_BYTES = 8 * 1024;
/** What shrinks by less is stored as it is: trying takes gzip longest just where nothing is won. */
const WORTH_IT = 0.9;
/** RFC 1952, 2.3: deflate, no name, no time, made on Unix. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);

/**
 * The pieces as one gzip stream (RFC 1952); what can hardly be compressed in them is stored. The same pieces give the same bytes, always. Each piece is
 * done with before the next one is asked for. An error of the pieces is the stream's. The frame is made here, because Node.js changes the level of a bare deflate stream only.
 */
export function gzipPieces(pieces: Iterable<Buffer>): Readable {
  return Readable.from(frame(pieces), { objectMode: false });
}

interface Sums {
  crc: number;
  size: number;
}

async function* frame(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw({ level: GZIP_LEVEL, chunkSize: 128 * 1024 });
  const sums: Sums = { crc: 0, size: 0 };
  yield HEADER;
  feed(deflate, pieces, sums).catch((error: unknown) => deflate.destroy(error instanceof Error ? error : new TypeError(String(error))));
  yield* deflate;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sums.crc, 0);
  trailer.writeUInt32LE(sums.size % 2 ** 32, 4);
  yield trailer;
}

async function feed(deflate: DeflateRaw, pieces: Iterable<Buffer>, sums: Sums): Promise<void> {
  // A stream that was destroyed does none of what it was asked for.
  const closed = new Promise<void>((resolve) => deflate.once('close', resolve));
  let level = GZIP_LEVEL;
  for (const piece of pieces) {
    const wanted = levelFor(piece);
    if (wanted !== level) await Promise.race([closed, setLevel(deflate, (level = wanted))]);
    if (deflate.destroyed) return;
    sums.crc = crc32(piece, sums.crc);
    sums.size += piece.length;
    await Promise.race([closed, new Promise((resolve) => deflate.write(piece, resolve))]);
  }
  deflate.end();
}

/** Small pieces are compressed in any case: what is tried of them would be all. */
function levelFor(piece: Buffer): number {
  if (piece.length < 2 * SAMPLE_BYTES) return GZIP_LEVEL;
  const start = (piece.length - SAMPLE_BYTES) >> 1;
  return deflateRawSync(piece.subarray(start, start + SAMPLE_BYTES), { level: 1 }).length > SAMPLE_BYTES * WORTH_IT ? 0 : GZIP_LEVEL;
}

function setLevel(deflate: DeflateRaw, level: number): Promise<void> {
  return new Promise((resolve) => deflate.params(level, 0, resolve));
}
