import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { isSystemError, KeyedMutex, type Random } from '#kit';
import { withRoom } from './bounds.ts';
import { algorithmOf } from './digest.ts';
import { digestMismatch } from './errors.ts';
import type { Digest, DigestAlgorithm, Upload } from './types.ts';
import { writeStream } from './write-stream.ts';

/** The ending of what was taken away and has yet to be deleted. */
const DOOMED = '.doomed';

/** `bytes` is about how much there is to read. */
export type HashFile = (path: string, bytes: number, algorithm: DigestAlgorithm) => Promise<Digest>;

interface UploadOptions {
  readonly folder: string;
  readonly random: Random;
  readonly hashFile: HashFile;
  readonly adopt: (path: string, digest: Digest) => Promise<void>;
}

/** Blobs that come in pieces, one file each: they survive a restart, and are verified when committed. */
export class FileUploads {
  readonly #options: UploadOptions;
  readonly #mutex = new KeyedMutex();

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#options.folder)) if (name.endsWith(DOOMED)) await rm(this.#path(name), { force: true });
  }

  async start(): Promise<Upload> {
    const id = this.#options.random.hex(32);
    await (await open(this.#path(id), 'wx', 0o600)).close();
    return this.#upload(id, 0);
  }

  async openUpload(id: string): Promise<Upload | undefined> {
    if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
    try {
      return this.#upload(id, (await stat(this.#path(id))).size);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Takes away the uploads that nothing was added to since that moment, each between two of its steps. The caller deletes what is answered. */
  async stale(before_ms: number): Promise<{ readonly path: string; readonly bytes: number }[]> {
    const found: { readonly path: string; readonly bytes: number }[] = [];
    for (const id of await readdir(this.#options.folder))
      if (!id.endsWith(DOOMED)) await this.#mutex.run(id, async () => void found.push(...(await this.#doom(id, before_ms))));
    return found;
  }

  async #doom(id: string, before_ms: number): Promise<{ readonly path: string; readonly bytes: number }[]> {
    try {
      const { mtimeMs, size } = await stat(this.#path(id));
      if (mtimeMs >= before_ms) return [];
      const path = this.#path(id) + DOOMED;
      await rename(this.#path(id), path);
      return [{ path, bytes: size }];
    } catch (error) {
      // It ended since the folder was read.
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #path(id: string): string {
    return join(this.#options.folder, id);
  }

  #upload(id: string, begun_bytes: number): Upload {
    const path = this.#path(id);
    const { hashFile, adopt } = this.#options;
    let size = begun_bytes;
    return {
      id,
      get size() {
        return size;
      },
      append: (content) => this.#mutex.run(id, async () => (size = await appendTo(path, content))),
      commit: (expected) =>
        this.#mutex.run(id, async () => {
          await syncVerified(path, expected, hashFile);
          await adopt(path, expected);
        }),
      cancel: () => this.#mutex.run(id, () => rm(path, { force: true })),
    };
  }
}

async function appendTo(path: string, content: Readable): Promise<number> {
  // Without O_CREAT: a cancelled upload stays cancelled.
  const file: FileHandle = await open(path, 'r+');
  try {
    return await writeStream(file, withRoom(content, dirname(path)), (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** Writes a file through while it is hashed. Errors: `DIGEST_INVALID`. */
export async function syncVerified(path: string, expected: Digest, hashFile: HashFile): Promise<void> {
  const actual = await syncHashed(path, algorithmOf(expected), hashFile);
  if (actual !== expected) throw digestMismatch(expected, actual);
}

/** The same of one whose digest nobody knows. */
export async function syncHashed(path: string, algorithm: DigestAlgorithm, hashFile: HashFile): Promise<Digest> {
  const [digest] = await Promise.all([hashFile(path, (await stat(path)).size, algorithm), syncFile(path)]);
  return digest;
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
