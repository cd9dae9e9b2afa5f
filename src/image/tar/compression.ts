import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '#kit';
import { bounded, type Limits } from '../bounds.ts';
import { asBytes } from '../bytes.ts';
import { compressionDamaged, importUnsupported } from '../errors.ts';
import { ByteSource } from './byte-source.ts';
import { nextFrame } from './zstd-frames.ts';

/** So many bytes at the beginning tell the compression. */
const MAGIC_BYTES = 6;
/** Read, and unpacked, in one go. */
const PLAIN_BYTES = 128 * 1024;

export type Compression = 'none' | 'gzip' | 'zstd';

/** Tells by its first bytes how a file is compressed. Errors: `IMPORT_UNSUPPORTED` for xz and bzip2. */
export async function compressionOf(path: string): Promise<Compression> {
  const start = Buffer.alloc(MAGIC_BYTES);
  const file = await open(path, 'r');
  try {
    await file.read(start, 0, start.length, 0);
  } finally {
    await file.close();
  }
  return compressionIn(start);
}

function compressionIn(start: Buffer): Compression {
  const hex = start.toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // A frame with content, or one to be skipped: both may come first.
  if (hex.startsWith('28b52ffd') || /^5[0-9a-f]2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('425a68')) throw importUnsupported('Cannot read an archive compressed by bzip2: give it plain, by gzip or by zstd');
  if (hex.startsWith('fd377a585a00')) throw importUnsupported('Cannot read an archive compressed by xz: give it plain, by gzip or by zstd');
  return 'none';
}

/** The plain bytes of a file. Errors of the stream: `TAR_INVALID` where its compression is damaged. */
export function openPlain(path: string, compression: Compression): Readable {
  const file = createReadStream(path, { highWaterMark: PLAIN_BYTES });
  if (compression === 'none') return file;
  return Readable.from(decompressed(file, compression), { objectMode: false, highWaterMark: 256 * 1024 });
}

/** The same within bounds. Errors of the stream: `UNPACK_TOO_LARGE` and `NO_SPACE` too. */
export async function openBounded(path: string, limits: Limits): Promise<AsyncIterable<Uint8Array>> {
  const compression = await compressionOf(path);
  const plain = openPlain(path, compression);
  if (compression === 'none') return bounded(plain, limits);
  const { size } = await stat(path);
  return bounded(plain, limits, () => size);
}

/**
 * The plain bytes, within bounds, of a stream that may be compressed. Errors: `IMPORT_UNSUPPORTED` for xz and bzip2; while it is read:
 * `TAR_INVALID` where its compression is damaged, `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function plainContent(pieces: AsyncIterator<unknown>, limits: Limits): Promise<AsyncIterable<Uint8Array>> {
  let start = Buffer.alloc(0);
  while (start.length < MAGIC_BYTES) {
    const { done, value } = await pieces.next();
    if (done) break;
    start = Buffer.concat([start, asBytes(value)]);
  }
  const compression = compressionIn(start.subarray(0, MAGIC_BYTES));
  let read_bytes = 0;
  const whole = withStart(start, pieces, (bytes) => (read_bytes += bytes));
  return compression === 'none' ? bounded(whole, limits) : bounded(decompressed(whole, compression), limits, () => read_bytes);
}

/** What was compressed, all members or frames of it (RFC 1952, 2.2; RFC 8878, 3). */
async function* decompressed(content: AsyncIterable<Uint8Array>, compression: Exclude<Compression, 'none'>): AsyncGenerator<Uint8Array> {
  if (compression === 'gzip') return yield* through(content, createGunzip({ chunkSize: PLAIN_BYTES }), compression);
  const source = new ByteSource(content);
  for (let frame = await nextFrame(source); frame !== undefined; frame = await nextFrame(source))
    yield* through(frame, createZstdDecompress({ chunkSize: PLAIN_BYTES }), compression);
}

async function* through(content: AsyncIterable<Uint8Array>, decompressor: Transform, compression: Exclude<Compression, 'none'>): AsyncGenerator<Uint8Array> {
  // An error of either destroys both; the reader sees it, so there is nothing to do when it ends.
  const plain = pipeline(Readable.from(content, { objectMode: false }), decompressor, () => undefined);
  try {
    for await (const piece of plain) yield asBytes(piece);
  } catch (error) {
    throw isOfCompression(error) ? compressionDamaged(compression, messageOf(error), error) : error;
  } finally {
    plain.destroy();
  }
}

function isOfCompression(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR_ZLIB)/.test(String(error.code));
}

async function* withStart(start: Buffer, pieces: AsyncIterator<unknown>, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  if (start.length > 0) {
    onRead(start.length);
    yield start;
  }
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    const bytes = asBytes(next.value);
    onRead(bytes.length);
    yield bytes;
  }
}
