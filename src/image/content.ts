import { createReadStream, renameSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { eraseTree, isSystemError, type Random } from '#kit';
import { withRoom } from './bounds.ts';
import { algorithmOf, DIGEST_ALGORITHMS, digestFromHex, digestOf, hexOf } from './digest.ts';
import { blobUnknown, digestMismatch, sizeMismatch } from './errors.ts';
import type { Fresh } from './fresh.ts';
import { INLINE_BYTES_MAX } from './jobs/runner.ts';
import { FilePourer } from './pour.ts';
import type { ContentStore, Digest, DigestAlgorithm, Upload } from './types.ts';
import { FileUploads, type HashFile, syncFile, syncHashed, syncVerified } from './uploads.ts';
import { writeStream } from './write-stream.ts';

/** What was taken out of the store and has yet to be deleted; the next start does it where this one is killed. */
export interface Doomed {
  readonly path: string;
  readonly bytes: number;
}

/** Blobs in the layout of an OCI image: `blobs/ALGORITHM/<hex>`, each written aside, verified, fsynced and renamed. */
export class BlobStore implements ContentStore {
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #random: Random;
  readonly #fresh: Fresh;
  readonly #uploads: FileUploads;
  readonly #pourer = new FilePourer();
  readonly #hashFile: HashFile;

  constructor(options: {
    readonly folder: string;
    readonly random: Random;
    readonly hashFile: HashFile;
    readonly fresh: Fresh;
  }) {
    this.#blobs = join(options.folder, 'blobs');
    this.#ingest = join(options.folder, 'ingest');
    this.#random = options.random;
    this.#fresh = options.fresh;
    this.#hashFile = options.hashFile;
    const adopt = (path: string, digest: Digest) => this.adopt(path, digest);
    this.#uploads = new FileUploads({ folder: join(options.folder, 'uploads'), random: options.random, hashFile: options.hashFile, adopt });
  }

  /** Makes the folders and removes what a killed process had half written. Uploads stay. */
  async open(): Promise<void> {
    await eraseTree(this.#ingest);
    for (const folder of [...DIGEST_ALGORITHMS.map((name) => this.#folderOf(name)), this.#ingest]) await mkdir(folder, { recursive: true, mode: 0o700 });
    await this.#uploads.open();
  }

  /** The file of a blob, for jobs that read it by path. */
  pathOf(digest: Digest): string {
    return join(this.#folderOf(algorithmOf(digest)), hexOf(digest));
  }

  #folderOf(algorithm: DigestAlgorithm): string {
    return join(this.#blobs, algorithm);
  }

  /** A path for content on its way in; what is left there is removed at the next start. */
  ingestPath(): string {
    return join(this.#ingest, this.#random.hex(16));
  }

  async stat(digest: Digest): Promise<{ readonly size: number } | undefined> {
    try {
      return { size: (await stat(this.pathOf(digest))).size };
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Answers the size. Errors: `BLOB_UNKNOWN`. */
  async requireBlob(digest: Digest): Promise<number> {
    const found = await this.stat(digest);
    if (found === undefined) throw blobUnknown(digest);
    return found.size;
  }

  async read(digest: Digest, range: { readonly start?: number; readonly end?: number } = {}): Promise<Readable> {
    await this.requireBlob(digest);
    return createReadStream(this.pathOf(digest), { ...range, highWaterMark: 256 * 1024 });
  }

  async readAll(digest: Digest): Promise<Buffer> {
    try {
      return await readFile(this.pathOf(digest));
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) throw blobUnknown(digest);
      throw error;
    }
  }

  async pour(digest: Digest, range: { readonly start: number; readonly end: number }, target: Writable): Promise<boolean> {
    try {
      return await this.#pourer.pour(this.pathOf(digest), range, target);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) throw blobUnknown(digest);
      throw error;
    }
  }

  async write(content: Readable | Uint8Array, expected: { readonly digest?: Digest; readonly size?: number } = {}) {
    const path = this.ingestPath();
    try {
      const algorithm = expected.digest === undefined ? 'sha256' : algorithmOf(expected.digest);
      const size = await writeNew(path, content instanceof Uint8Array ? content : withRoom(content, this.#ingest));
      const written = { digest: await this.#digestOf(path, content, algorithm), size };
      if (expected.size !== undefined && expected.size !== written.size) throw sizeMismatch(expected.size, written.size);
      if (expected.digest !== undefined && expected.digest !== written.digest) throw digestMismatch(expected.digest, written.digest);
      await this.adopt(path, written.digest);
      return written;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async take(path: string, { digest, size }: { readonly digest: Digest; readonly size: number }): Promise<void> {
    const actual = (await stat(path)).size;
    if (actual !== size) throw sizeMismatch(size, actual);
    await syncVerified(path, digest, this.#hashFile);
    await this.adopt(path, digest);
  }

  async hashFile(path: string, algorithm: DigestAlgorithm): Promise<Digest> {
    return this.#hashFile(path, (await stat(path)).size, algorithm);
  }

  /** What was just written, written through. */
  async #digestOf(path: string, content: Readable | Uint8Array, algorithm: DigestAlgorithm): Promise<Digest> {
    if (!(content instanceof Uint8Array) || content.length > INLINE_BYTES_MAX) return syncHashed(path, algorithm, this.#hashFile);
    await syncFile(path);
    return digestOf(content, algorithm);
  }

  /** Makes a file, verified and fsynced by the caller, the blob of that digest. */
  async adopt(path: string, digest: Digest): Promise<void> {
    this.#fresh.touch(digest);
    await rename(path, this.pathOf(digest));
    const folder = await open(this.#folderOf(algorithmOf(digest)), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async *list(): AsyncIterable<Digest> {
    for (const algorithm of DIGEST_ALGORITHMS) for (const name of await readdir(this.#folderOf(algorithm))) yield digestFromHex(name, algorithm);
  }

  /** Takes away the blobs that nobody keeps. Between asking `isKept` and the blob's absence nothing else runs. */
  async retain(isKept: (digest: Digest) => boolean): Promise<Doomed[]> {
    const doomed: Doomed[] = [];
    for await (const digest of this.list()) {
      const bytes = (await this.stat(digest))?.size;
      if (bytes === undefined || isKept(digest)) continue;
      const path = this.ingestPath();
      renameSync(this.pathOf(digest), path);
      doomed.push({ path, bytes });
    }
    return doomed;
  }

  startUpload(): Promise<Upload> {
    return this.#uploads.start();
  }

  openUpload(id: string): Promise<Upload | undefined> {
    return this.#uploads.openUpload(id);
  }

  /** Uploads that nothing was added to since that moment. */
  staleUploads(before_ms: number): Promise<Doomed[]> {
    return this.#uploads.stale(before_ms);
  }
}

async function writeNew(path: string, content: AsyncIterable<unknown> | Uint8Array): Promise<number> {
  await using file = await open(path, 'wx', 0o600);
  if (!(content instanceof Uint8Array)) return await writeStream(file, content, 0);
  await file.writeFile(content);
  return content.length;
}
