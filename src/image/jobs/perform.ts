import { createHash } from 'node:crypto';
import { closeSync, createWriteStream, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { UnpackBounds } from '../bounds.ts';
import { algorithmOf, digestFromHex } from '../digest.ts';
import { digestMismatch } from '../errors.ts';
import { placeArchive } from '../live/unpack.ts';
import { compressionOf, openBounded, openPlain } from '../tar/compression.ts';
import { openPrivileges, type Privileges } from '../tar/files.ts';
import { gathered } from '../tar/gather.ts';
import { packLayer } from '../tar/pack.ts';
import { unpackLayer } from '../tar/unpack.ts';
import { copyTrees, prepareGrafts } from '../trees/copy.ts';
import { graftTree } from '../trees/graft.ts';
import { hashTrees } from '../trees/hash.ts';
import type { Digest, DigestAlgorithm } from '../types.ts';
import { GZIP_LEVEL, gzipLevelFor } from './gzip-level.ts';
import { gzipPieces } from './gzip-stream.ts';
import type { Job, JobAnswers } from './types.ts';

/** Hashed in one go. */
const HASHED_BYTES = 256 * 1024;
const PACKED_BYTES = 256 * 1024;

/** Does the job on the calling thread. */
export async function perform(job: Job, bounds: UnpackBounds): Promise<JobAnswers[Job['kind']]> {
  switch (job.kind) {
    case 'hash':
      return { digest: hashFile(job.path, job.algorithm) };
    case 'unpack':
      return { size_bytes: await unpack(job, bounds) };
    case 'pack':
      return await pack(job);
    case 'compress':
      return await compress(job, bounds);
    case 'recompress':
      return await recompress(job, bounds);
    case 'hash-trees':
      return hashTrees(job.items, job.owners, openPrivileges().xattrs);
    case 'copy-trees':
      copyTrees(job.root, job.items, openPrivileges());
      return undefined;
    case 'place':
      await placeArchive(job.archive, { ...job.options, privileges: openPrivileges() }, bounds);
      return undefined;
    case 'prepare-grafts':
      return prepareGrafts(job.root, job.item, openPrivileges());
    case 'graft':
      graftTree(job.upper, job.item, job.grafts, openPrivileges());
      return undefined;
  }
}

async function pack({ source, target, omit, latest_ms, sync }: Extract<Job, { kind: 'pack' }>): Promise<JobAnswers['pack']> {
  const privileges = openPrivileges();
  let size_bytes = 0;
  const onFile = (bytes: number) => void (size_bytes += bytes);
  const inner = createHash('sha256');
  const space = Buffer.allocUnsafe(PACKED_BYTES);
  const plain = packLayer({ source, omit, privileges, onFile, space, ...(latest_ms === undefined ? {} : { latest_ms }) });
  const packed = await writeMeasured(target, [gzipPieces(hashed(gathered(plain), inner))]);
  if (sync) syncFiles(source, privileges);
  return { diffId: digestFromHex(inner.digest('hex')), ...packed, size_bytes };
}

function syncFiles(path: string, privileges: Privileges): void {
  const folder = openSync(path, 'r');
  try {
    privileges.nodes.sync(folder);
  } finally {
    closeSync(folder);
  }
}

async function unpack(job: Extract<Job, { kind: 'unpack' }>, bounds: UnpackBounds): Promise<number> {
  const plain = await openBounded(job.source, { bounds, folder: job.target });
  const algorithm = algorithmOf(job.diffId);
  const hash = createHash(algorithm);
  const privileges = openPrivileges();
  const size_bytes = await unpackLayer({ content: tapped(plain, hash), target: job.target, below: job.below, privileges });
  const actual = digestFromHex(hash.digest('hex'), algorithm);
  if (actual !== job.diffId) throw digestMismatch(job.diffId, actual);
  syncFiles(job.target, privileges);
  return size_bytes;
}

async function compress(job: Extract<Job, { kind: 'compress' }>, bounds: UnpackBounds): Promise<JobAnswers['compress']> {
  const compression = await compressionOf(job.source);
  if (compression === 'none') {
    const level = await gzipLevelFor(job.source);
    if (level > 0)
      return { file: 'target', compression: 'gzip', ...(await writePacked(job.target, openPlain(job.source, compression), createGzip({ level }))) };
    await syncFile(job.source);
    return { file: 'source', compression };
  }
  const plain = await openBounded(job.source, { bounds, folder: dirname(job.source) });
  const hash = createHash('sha256');
  for await (const piece of plain) hash.update(piece);
  await syncFile(job.source);
  return { file: 'source', compression, diffId: digestFromHex(hash.digest('hex')) };
}

async function recompress(
  { source, target, compression, level }: Extract<Job, { kind: 'recompress' }>,
  bounds: UnpackBounds,
): Promise<JobAnswers['recompress']> {
  const plain = await openBounded(source, { bounds, folder: dirname(target) });
  const zstd = () => createZstdCompress(level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } });
  return await writePacked(target, plain, compression === 'zstd' ? zstd() : createGzip({ level: level ?? GZIP_LEVEL }));
}

/** Written through; measured on its way. */
function writePacked(target: string, plain: AsyncIterable<Uint8Array>, compressor: Transform): Promise<{ readonly digest: Digest; readonly size: number }> {
  return writeMeasured(target, [plain, compressor]);
}

async function writeMeasured(
  target: string,
  from: readonly [AsyncIterable<Uint8Array>, ...Transform[]],
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const [plain, ...through] = from;
  await pipeline([Readable.from(plain, { objectMode: false }), ...through, count, createWriteStream(target, { mode: 0o600 })]);
  await syncFile(target);
  return { digest: digestFromHex(hash.digest('hex')), size };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function* hashed(content: Iterable<Buffer>, hash: { update(piece: Uint8Array): unknown }): Generator<Buffer> {
  for (const piece of content) {
    hash.update(piece);
    yield piece;
  }
}

async function* tapped(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, hash: { update(piece: Uint8Array): unknown }): AsyncIterable<Uint8Array> {
  for await (const piece of content) {
    hash.update(piece);
    yield piece;
  }
}

/** Blocks while it reads: what would else be waiting is a thread that has nothing else to do, and a stream takes twice as long. */
function hashFile(path: string, algorithm: DigestAlgorithm): Digest {
  const hash = createHash(algorithm);
  const piece = Buffer.allocUnsafe(HASHED_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(read === piece.length ? piece : piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return digestFromHex(hash.digest('hex'), algorithm);
}
