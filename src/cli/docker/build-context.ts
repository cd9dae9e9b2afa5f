import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { messageOf } from '#kit';
import { CommandError } from '../errors.ts';

/** A file that is put into the context beside what lies in the folder. */
export interface ExtraFile {
  readonly name: string;
  readonly content: Uint8Array;
}

interface FileHeader {
  readonly name: string;
  readonly mode: number;
  readonly mtime?: Date;
}
const FILE_MODE = 0o644;

/**
 * A tar of a folder, made while it is read: nothing is held but the piece that is on its way. Owners are root's, as docker sends them;
 * sockets and devices are left out. The server applies .dockerignore.
 */
export function folderAsTar(folder: string, extra: readonly ExtraFile[] = []): Readable {
  const tar = pack();
  const readable = Readable.from(tar, { objectMode: false });
  const fill = async () => {
    await addFolder(tar, folder, '');
    for (const { name, content } of extra) await addBytes(tar, { name, mode: FILE_MODE }, content);
    tar.finalize();
  };
  fill().catch((error: unknown) => readable.destroy(new CommandError(`Cannot read the context of the build: ${messageOf(error)}`, 1, { cause: error })));
  return readable;
}

/** A tar with these files alone. */
export function filesAsTar(files: readonly ExtraFile[]): Readable {
  const tar = pack();
  for (const { name, content } of files) tar.entry({ name, mode: FILE_MODE }, Buffer.from(content));
  tar.finalize();
  return Readable.from(tar, { objectMode: false });
}

async function addFolder(tar: Pack, folder: string, inside: string): Promise<void> {
  const names = await readdir(join(folder, inside));
  for (const name of names.toSorted()) await addEntry(tar, folder, inside === '' ? name : `${inside}/${name}`);
}

async function addEntry(tar: Pack, folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  const stats = await lstat(path);
  const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
  if (stats.isDirectory()) {
    await added((done) => tar.entry({ ...header, name: `${name}/`, type: 'directory' }, done));
    await addFolder(tar, folder, name);
  } else if (stats.isSymbolicLink()) {
    const linkname = await readlink(path);
    await added((done) => tar.entry({ ...header, type: 'symlink', linkname }, done));
  } else if (stats.isFile()) await addFile(tar, path, header);
  else if (stats.isFIFO()) await added((done) => tar.entry({ ...header, type: 'fifo' }, done));
}

async function addFile(tar: Pack, path: string, header: FileHeader): Promise<void> {
  const file = await open(path);
  // The size of the file that was opened: what it was called may be another by now.
  const { size }: Stats = await file.stat();
  if (size === 0) {
    await file.close();
    return addBytes(tar, header, Buffer.alloc(0));
  }
  // A file that grows is cut at the size that its header says; one that shrinks makes the tar fail, in words.
  await pipeline(file.createReadStream({ end: size - 1 }), tar.entry({ ...header, size, uid: 0, gid: 0 }));
}

function addBytes(tar: Pack, header: FileHeader, content: Uint8Array): Promise<void> {
  return added((done) => tar.entry({ ...header, size: content.length }, Buffer.from(content), done));
}

function added(add: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => void add((error) => (error ? reject(error) : resolve())));
}
