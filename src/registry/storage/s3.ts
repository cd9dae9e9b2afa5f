import { open, rm, stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, isSystemError, KeyedMutex, type Random } from '#kit';
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, FileUploads, hexOf, type ImageStore, isDigest } from '#image';
import { digestInvalid, storedBlobUnknown } from '../errors.ts';
import { putInParts } from './s3-parts.ts';
import { bodyOf, type S3Client } from './s3-client.ts';
import { listHalfDone, listObjects } from './s3-list.ts';
import type { BlobStorage, HeldBlob } from './types.ts';

export interface S3StorageOptions {
  readonly client: S3Client;
  /** Before every key; empty or ending in a slash. */
  readonly prefix: string;
  /** On this machine: uploads gather here until they are whole and verified. */
  readonly folder: string;
  readonly images: ImageStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long a blob may lie there before a repository holds it. */
const GRACE_MS = 3_600_000;
/** Up to here a blob goes in one request. */
const WHOLE_BYTES_MAX = 16 * 2 ** 20;

/**
 * Blobs in a bucket of S3's kind, by the keys of an OCI layout. An upload gathers on the local disk, where it survives a restart, and goes to
 * its final key when its digest is verified: the bucket never has anything that is not. Holds are what the repositories' records say.
 */
export class S3Storage implements BlobStorage {
  readonly #options: S3StorageOptions;
  readonly #uploads: FileUploads;
  /** Blobs that come in one stream: nobody resumes them, so the next start throws away what is left of them. */
  readonly #incoming: FileUploads;
  readonly #mutex = new KeyedMutex();
  readonly #holders = new Map<Digest, { readonly size: number; readonly repositories: Set<string> }>();
  readonly #fresh = new Map<Digest, number>();

  constructor(options: S3StorageOptions) {
    this.#options = options;
    const adopt = async (path: string, digest: Digest) => {
      await this.#putFile(path, digest);
      await rm(path, { force: true });
    };
    const { folder, random, images } = options;
    const hashFile = (path: string, _bytes: number, algorithm: DigestAlgorithm) => images.content.hashFile(path, algorithm);
    this.#uploads = new FileUploads({ folder, random, hashFile, adopt });
    this.#incoming = new FileUploads({ folder: `${folder}-incoming`, random, hashFile, adopt });
  }

  async open(held: Iterable<HeldBlob>): Promise<void> {
    await rm(`${this.#options.folder}-incoming`, { recursive: true, force: true });
    await Promise.all([this.#uploads.open(), this.#incoming.open()]);
    for (const { repository, digest, size } of held) this.#add(repository, digest, size);
    await this.#abortHalfDone();
  }

  async stat(digest: Digest): Promise<{ readonly size: number } | undefined> {
    // What is held is there: it is asked for only once.
    const held = this.#holders.get(digest);
    if (held) return { size: held.size };
    const answer = await this.#options.client.call({ method: 'HEAD', key: this.#key(digest) });
    answer.resume();
    return answer.statusCode === 404 ? undefined : { size: Number(answer.headers['content-length']) };
  }

  async pour(digest: Digest, { start, end }: { readonly start: number; readonly end: number }, target: Writable): Promise<boolean> {
    const answer = await this.#options.client.call({ method: 'GET', key: this.#key(digest), headers: { range: `bytes=${start}-${end}` } });
    if (answer.statusCode === 404) {
      answer.resume();
      throw storedBlobUnknown(digest);
    }
    try {
      await pipeline(answer, target, { end: false });
      return true;
    } catch (error) {
      // Where the target closed first, the answer was only cut off with it.
      if (isSystemError(error, 'ERR_STREAM_PREMATURE_CLOSE') && target.destroyed && answer.errored === null) return false;
      throw error;
    }
  }

  async readAll(digest: Digest): Promise<Buffer> {
    const answer = await this.#options.client.call({ method: 'GET', key: this.#key(digest) });
    const bytes = await bodyOf(answer);
    if (answer.statusCode === 404) throw storedBlobUnknown(digest);
    return bytes;
  }

  async write(content: Readable | Uint8Array, { digest }: { readonly digest: Digest }): Promise<{ readonly digest: Digest; readonly size: number }> {
    if (!(content instanceof Uint8Array)) return this.#gather(content, digest);
    const actual = digestOf(content, algorithmOf(digest));
    if (actual !== digest) throw digestInvalid(`the content's digest is ${actual}, expected was ${digest}`);
    await this.#mutex.run(digest, () => this.#putBytes(digest, content));
    return { digest, size: content.length };
  }

  startUpload(): ReturnType<BlobStorage['startUpload']> {
    return this.#uploads.start();
  }

  openUpload(id: string): ReturnType<BlobStorage['openUpload']> {
    return this.#uploads.openUpload(id);
  }

  async bringLocal(digest: Digest): Promise<boolean> {
    const { content } = this.#options.images;
    if ((await content.stat(digest)) === undefined) return false;
    if ((await this.stat(digest)) === undefined) await this.#gather(await content.read(digest), digest);
    return true;
  }

  hold(repository: string, digest: Digest): Promise<number | undefined> {
    return this.#mutex.run(digest, async () => {
      const found = await this.stat(digest);
      if (found) this.#add(repository, digest, found.size);
      return found?.size;
    });
  }

  release(repository: string, digest: Digest): Promise<void> {
    const held = this.#holders.get(digest);
    held?.repositories.delete(repository);
    if (held?.repositories.size === 0) this.#holders.delete(digest);
    return Promise.resolve();
  }

  async collect(): Promise<number> {
    let freed_bytes = 0;
    const start = `${this.#options.prefix}blobs/`;
    for await (const { key, size } of listObjects(this.#options.client, start)) {
      const digest = key.slice(start.length).replace('/', ':');
      if (!isDigest(digest)) continue;
      await this.#mutex.run(digest, async () => {
        if (this.#isKept(digest)) return;
        (await this.#options.client.call({ method: 'DELETE', key })).resume();
        freed_bytes += size;
      });
    }
    for (const { path, bytes } of await this.#uploads.stale(this.#options.clock.now() - 24 * GRACE_MS)) {
      await rm(path, { force: true });
      freed_bytes += bytes;
    }
    return freed_bytes;
  }

  #isKept(digest: Digest): boolean {
    if (this.#holders.has(digest)) return true;
    const written_ms = this.#fresh.get(digest);
    if (written_ms === undefined) return false;
    if (this.#options.clock.monotonic() - written_ms < GRACE_MS) return true;
    this.#fresh.delete(digest);
    return false;
  }

  #add(repository: string, digest: Digest, size: number): void {
    const held = this.#holders.get(digest) ?? { size, repositories: new Set() };
    held.repositories.add(repository);
    this.#holders.set(digest, held);
    this.#fresh.delete(digest);
  }

  /** Takes in a stream by way of the local disk. */
  async #gather(content: Readable, digest: Digest): Promise<{ readonly digest: Digest; readonly size: number }> {
    const upload = await this.#incoming.start();
    try {
      const size = await upload.append(content);
      await upload.commit(digest);
      return { digest, size };
    } finally {
      await upload.cancel();
    }
  }

  #putFile(path: string, digest: Digest): Promise<void> {
    return this.#mutex.run(digest, async () => {
      const { size } = await stat(path);
      await using file = await open(path, 'r');
      if (size <= WHOLE_BYTES_MAX) await this.#putBytes(digest, await file.readFile());
      else await putInParts(this.#options.client, this.#key(digest), file, size);
      this.#fresh.set(digest, this.#options.clock.monotonic());
    });
  }

  async #putBytes(digest: Digest, body: Uint8Array): Promise<void> {
    await this.#options.client.text({ method: 'PUT', key: this.#key(digest), body });
    this.#fresh.set(digest, this.#options.clock.monotonic());
  }

  #key(digest: Digest): string {
    return `${this.#options.prefix}blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
  }

  /** Ends multipart uploads that a killed process left: a bucket keeps their parts, and bills them, for ever. */
  async #abortHalfDone(): Promise<void> {
    const { client, prefix } = this.#options;
    for await (const { key, uploadId } of listHalfDone(client, `${prefix}blobs/`)) (await client.call({ method: 'DELETE', key, query: { uploadId } })).resume();
  }
}
