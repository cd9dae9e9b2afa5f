import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { importUnsupported } from '../errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Tells by its first bytes how a file is compressed. Errors: `IMPORT_UNSUPPORTED` for xz and bzip2. */
export async function compressionOf(path: string): Promise<Compression> {
  const start = Buffer.alloc(6);
  const file = await open(path, 'r');
  try {
    await file.read(start, 0, start.length, 0);
  } finally {
    await file.close();
  }
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
