import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { asBytes } from '../bytes.ts';
import { importUnsupported } from '../errors.ts';

/** So many bytes at the beginning tell the compression. */
const MAGIC_BYTES = 6;

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
  if (hex.startsWith('28b52ffd')) return 'zstd';
  if (hex.startsWith('425a68')) throw importUnsupported('Cannot read an archive compressed by bzip2: give it plain, by gzip or by zstd');
  if (hex.startsWith('fd377a585a00')) throw importUnsupported('Cannot read an archive compressed by xz: give it plain, by gzip or by zstd');
  return 'none';
}

/** The plain bytes of a file. */
export function openPlain(path: string, compression: Compression): Readable {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (compression === 'none') return file;
  const plain = compression === 'gzip' ? createGunzip({ chunkSize: 128 * 1024 }) : createZstdDecompress({ chunkSize: 128 * 1024 });
  // An error of either destroys both; the reader of `plain` sees it, so there is nothing to do when it ends.
  return pipeline(file, plain, () => undefined);
}

/** The plain bytes of a stream that may be compressed. Errors: `IMPORT_UNSUPPORTED` for xz and bzip2; a damaged stream fails while it is read. */
export async function plainContent(pieces: AsyncIterator<unknown>): Promise<AsyncIterable<Uint8Array>> {
  let start = Buffer.alloc(0);
  while (start.length < MAGIC_BYTES) {
    const { done, value } = await pieces.next();
    if (done) break;
    start = Buffer.concat([start, asBytes(value)]);
  }
  const compression = compressionIn(start.subarray(0, MAGIC_BYTES));
  const whole = withStart(start, pieces);
  if (compression === 'none') return whole;
  const plain = compression === 'gzip' ? createGunzip({ chunkSize: 128 * 1024 }) : createZstdDecompress({ chunkSize: 128 * 1024 });
  return pipeline(Readable.from(whole, { objectMode: false }), plain, () => undefined);
}

async function* withStart(start: Buffer, pieces: AsyncIterator<unknown>): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield asBytes(next.value);
}
