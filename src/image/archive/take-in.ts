import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { roomIn, type UnpackBounds } from '../bounds.ts';
import type { BlobStore } from '../content.ts';
import { DOCUMENT_BYTES_MAX } from '../document.ts';
import { archiveInvalid, archiveTooLarge } from '../errors.ts';
import { plainContent } from '../tar/compression.ts';
import type { TarEntry } from '../tar/entry.ts';
import { cleanPath } from '../tar/names.ts';
import { TarReader } from '../tar/read.ts';

/** A file of an archive, where it was put. Its name on disk has nothing of its name in the archive. */
export interface TakenFile {
  readonly path: string;
  readonly size: number;
}

/** More files than this, no archive of images has. */
const ENTRIES_MAX = 20_000;
/** Pieces of a stream are written together up to so many bytes. */
const BATCH_BYTES = 256 * 1024;
/** Links that lead to links are followed so far. */
const LINKS_MAX = 8;

/** The files of an archive that came in, and the links among them. Whoever took it in disposes of it. */
export class TakenArchive implements AsyncDisposable {
  readonly #folder: string;
  readonly #files = new Map<string, TakenFile>();
  readonly #links = new Map<string, string>();
  #counter = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file of that name, through links. Errors: `ARCHIVE_INVALID` when the name leaves the archive. */
  find(name: string): TakenFile | undefined {
    let path = cleanPath(name);
    for (let hop = 0; hop < LINKS_MAX; hop += 1) {
      const file = this.#files.get(path);
      if (file) return file;
      const target = this.#links.get(path);
      if (target === undefined) return undefined;
      path = target;
    }
    throw archiveInvalid(`${JSON.stringify(name)} is a link that leads through more than ${LINKS_MAX} others`);
  }

  /** The bytes of a small file. Errors: `ARCHIVE_INVALID` when it is large. */
  async read(name: string): Promise<Buffer | undefined> {
    const file = this.find(name);
    if (file === undefined) return undefined;
    if (file.size > DOCUMENT_BYTES_MAX) throw archiveInvalid(`${JSON.stringify(name)} is ${file.size} bytes long, more than ${DOCUMENT_BYTES_MAX}`);
    return readFile(file.path);
  }

  /** Keeps one entry. */
  async add(entry: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    const path = cleanPath(entry.path);
    if (this.#files.size + this.#links.size >= ENTRIES_MAX) throw archiveInvalid(`it has more than ${ENTRIES_MAX} files`);
    if (entry.kind === 'directory') return;
    if (entry.kind === 'symlink') return void this.#links.set(path, linkTarget(entry.path, posix.join(posix.dirname(path), entry.link), entry.link));
    if (entry.kind === 'hardlink') return void this.#links.set(path, linkTarget(entry.path, cleanPath(entry.link), entry.link));
    if (entry.kind !== 'file') throw archiveInvalid(`entry ${JSON.stringify(entry.path)} is a ${entry.kind}; an archive of images has files and links only`);
    const file = join(this.#folder, String((this.#counter += 1)));
    await writeAll(file, content);
    this.#files.set(path, { path: file, size: entry.size });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Takes in an archive, plain or compressed by gzip or zstd. The caller disposes of what it answers. Errors: `ARCHIVE_INVALID`, `TAR_INVALID`, `NO_SPACE`, `UNPACK_TOO_LARGE`. */
export async function takeIn({ content, bounds }: { readonly content: BlobStore; readonly bounds: UnpackBounds }, archive: Readable): Promise<TakenArchive> {
  const folder = content.ingestPath();
  await mkdir(folder, { mode: 0o700 });
  const taken = new TakenArchive(folder);
  // The request's connection is not the archive's to close: the refusal still has to go out.
  const pieces = archive.iterator({ destroyOnReturn: false });
  try {
    await using reader = new TarReader(await plainContent(pieces, { bounds, folder }));
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      await requireSpace(folder, entry);
      await taken.add(entry, reader.content());
    }
    await reader.finish();
    return taken;
  } catch (error) {
    await taken[Symbol.asyncDispose]();
    throw error;
  } finally {
    await pieces.return?.();
  }
}

function linkTarget(name: string, target: string, written: string): string {
  if (written.startsWith('/') || target === '..' || target.startsWith('../'))
    throw archiveInvalid(`link ${JSON.stringify(name)} leads out of the archive, to ${JSON.stringify(written)}`);
  return cleanPath(target);
}

async function requireSpace(folder: string, { path, size }: TarEntry): Promise<void> {
  if (size < BATCH_BYTES) return;
  const room_bytes = await roomIn(folder);
  if (size > room_bytes) throw archiveTooLarge(path, size, room_bytes);
}

async function writeAll(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  try {
    let batch: Buffer[] = [];
    let bytes = 0;
    for await (const piece of content) {
      batch.push(piece);
      bytes += piece.length;
      if (bytes < BATCH_BYTES) continue;
      await writeBatch(file, batch, bytes);
      batch = [];
      bytes = 0;
    }
    if (bytes > 0) await writeBatch(file, batch, bytes);
  } finally {
    await file.close();
  }
}

async function writeBatch(file: FileHandle, batch: readonly Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(batch);
  // A short write happens where the disk is nearly full; the rest then fails with the reason.
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten));
}
