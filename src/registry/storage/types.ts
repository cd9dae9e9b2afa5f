import type { Readable, Writable } from 'node:stream';
import type { Digest, Upload } from '#image';

/** A blob that a repository's record names. */
export interface HeldBlob {
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Where the registry's blobs lie: each whole and verified, or not there at all. One that a repository holds is never collected; one that was
 * just written is not collected until somebody holds it, for an hour. A storage belongs to one registry.
 */
export interface BlobStorage {
  /** Before the first request: `held` is what the repositories' records name; every other hold is one that a killed process left, and is let go. */
  open(held: Iterable<HeldBlob>): Promise<void>;
  stat(digest: Digest): Promise<{ readonly size: number } | undefined>;
  /**
   * Writes the bytes from `start` to `end`, both inclusive, to a client, which stays open. False when it left before it had all of them. Errors:
   * `BLOB_UNKNOWN`.
   */
  pour(digest: Digest, range: { readonly start: number; readonly end: number }, target: Writable): Promise<boolean>;
  /** Errors: `BLOB_UNKNOWN`. */
  readAll(digest: Digest): Promise<Buffer>;
  /** Durable when it resolves. Errors: `DIGEST_INVALID`. */
  write(content: Readable | Uint8Array, expected: { readonly digest: Digest }): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** Begins an upload that survives a restart. */
  startUpload(): Promise<Upload>;
  openUpload(id: string): Promise<Upload | undefined>;
  /** Makes a blob of this machine's images one of the storage, by moving its bytes where that is needed; false when there is none. */
  bringLocal(digest: Digest): Promise<boolean>;
  /** Keeps a blob for a repository; answers its size, or undefined when it is not there. The caller changes one repository at a time. */
  hold(repository: string, digest: Digest): Promise<number | undefined>;
  release(repository: string, digest: Digest): Promise<void>;
  /** Takes away what nobody holds, while pushes go on. Answers the bytes freed. */
  collect(): Promise<number>;
}
