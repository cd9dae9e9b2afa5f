import { spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, fchownSync, futimesSync, lstatSync, openSync, writeSync } from 'node:fs';
import { chmod, type FileHandle, lchown, link, lutimes, mkdir, open, statfs, symlink, unlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Limits, UnpackBounds } from '../bounds.ts';
import { archiveDoesNotFit, pathInvalid, replacingFailed } from '../errors.ts';
import { openBounded } from '../tar/compression.ts';
import type { TarEntry } from '../tar/entry.ts';
import { type Privileges, timeOf } from '../tar/files.ts';
import { cleanPath } from '../tar/names.ts';
import { TarReader } from '../tar/read.ts';
import { entryRefused } from '../tar/refusals.ts';
import type { PlaceOptions } from '../trees/types.ts';
import { findInRoot, type Found } from './in-root.ts';

type Options = PlaceOptions & { readonly privileges: Privileges };

/** See `Trees.place`. */
export async function placeArchive(archive: string, options: Options, bounds: UnpackBounds): Promise<void> {
  const limits = { bounds, folder: options.room };
  await judge(archive, limits);
  await unpack(archive, options, limits);
}

/** Reads an archive to its end without doing anything. Errors: `TAR_INVALID`, `UNPACK_TOO_LARGE`, `ARCHIVE_TOO_LARGE` where it can't fit. */
async function judge(archive: string, limits: Limits): Promise<void> {
  const { bavail, bsize } = await statfs(limits.folder);
  await using reader = new TarReader(await openBounded(archive, limits));
  let bytes = 0;
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    cleanPath(entry.path);
    if (entry.kind === 'hardlink') cleanPath(entry.link);
    bytes += entry.size;
    if (bytes > bavail * bsize) throw archiveDoesNotFit(bytes, bavail * bsize);
    // What it says of its length is held against what is there.
    for await (const piece of reader.content()) void piece;
  }
  await reader.finish();
}

/**
 * Each entry is reached through open descriptors of its folders, links being followed as a process inside would, so that nothing outside of
 * the root is touched. Errors: `TAR_INVALID`, `PATH_INVALID`, `NO_SPACE`, `UNPACK_FAILED`.
 */
async function unpack(archive: string, options: Options, limits: Limits): Promise<void> {
  await using reader = new TarReader(await openBounded(archive, limits));
  await using unpacker = new Unpacker(options);
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    try {
      await unpacker.put(entry, reader);
    } catch (error) {
      throw entryRefused(entry.path, error);
    }
  }
  await unpacker.setTimes();
}

class Unpacker implements AsyncDisposable {
  readonly #options: Options;
  readonly #times = new Map<string, number>();
  /** The folder of the entry before: most have the same. */
  #last: { readonly path: string; readonly folder: FileHandle } | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  async put(entry: TarEntry, reader: TarReader): Promise<void> {
    const path = cleanPath(entry.path);
    if (path === '') return;
    const folder = await this.#folder(posix.dirname(path));
    const at = `/proc/self/fd/${folder.fd}/${nameOf(path)}`;
    const isThere = await this.#makeRoom(folder, at, path, entry);
    if (entry.kind === 'file') return await this.#writeFile(at, entry, reader);
    if (entry.kind === 'hardlink') return await this.#link(at, entry);
    if (entry.kind === 'symlink') await symlink(bytesOf(entry.link), bytesOf(at));
    else if (entry.kind !== 'directory') this.#options.privileges.nodes.make(bytesOf(at), entry.kind, 0o600, { major: entry.major, minor: entry.minor });
    else if (!isThere) await mkdir(bytesOf(at), 0o700);
    await this.#describe(at, path, entry);
  }

  /** Filling folders changes their times, so these are set last. */
  async setTimes(): Promise<void> {
    for (const [path, time_s] of this.#times) {
      await using found = await this.#find(path, { followLast: false });
      if (found?.stats?.isDirectory()) await lutimes(found.path, timeOf(time_s), timeOf(time_s));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last?.folder.close();
    this.#last = undefined;
  }

  #find(path: string, options: { readonly followLast: boolean; readonly make?: boolean }): Promise<Found | undefined> {
    const { root, inside } = this.#options;
    return findInRoot(root, `${inside}/${textOf(path)}`, options);
  }

  async #folder(path: string): Promise<FileHandle> {
    if (this.#last?.path === path) return this.#last.folder;
    await this[Symbol.asyncDispose]();
    await using found = await this.#find(path, { followLast: true, make: true });
    if (!found?.stats?.isDirectory()) throw pathInvalid(path, 'it is used as a folder and is none');
    const folder = await open(found.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    this.#last = { path, folder };
    return folder;
  }

  /** Takes away what stands there, but for a folder that another is merged with. Answers whether a folder stands there. */
  async #makeRoom(folder: FileHandle, at: string, path: string, entry: TarEntry): Promise<boolean> {
    const stats = lstatSync(bytesOf(at), { throwIfNoEntry: false });
    if (stats === undefined) return false;
    const [wasFolder, isFolder] = [stats.isDirectory(), entry.kind === 'directory'];
    if (wasFolder && isFolder) return true;
    if (this.#options.noOverwriteDirNonDir && wasFolder !== isFolder)
      throw pathInvalid(path, wasFolder ? 'cannot overwrite a directory with a non-directory' : 'cannot overwrite a non-directory with a directory');
    if (wasFolder) await removeFolder(folder, nameOf(path));
    else await unlink(bytesOf(at));
    return false;
  }

  /** Calls that take microseconds are made on the spot: a thousand small files are seven thousand of them. */
  async #writeFile(at: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const file = openSync(bytesOf(at), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      for await (const piece of reader.content()) for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
      const { uid, gid } = this.#owner(entry);
      fchownSync(file, uid, gid);
      fchmodSync(file, entry.mode);
      this.#setXattrs(at, entry);
      futimesSync(file, timeOf(entry.mtime_s), timeOf(entry.mtime_s));
    } finally {
      closeSync(file);
    }
  }

  async #link(at: string, entry: TarEntry): Promise<void> {
    await using target = await this.#find(cleanPath(entry.link), { followLast: false });
    if (target?.stats === undefined || target.stats.isDirectory())
      throw pathInvalid(entry.path, `it is a hard link to ${JSON.stringify(entry.link)}, which is no file`);
    await link(target.path, bytesOf(at));
  }

  /** Owner before mode, because changing it takes setuid bits away. A folder is described through its descriptor: nobody puts a link in its place. */
  async #describe(at: string, path: string, entry: TarEntry): Promise<void> {
    const { uid, gid } = this.#owner(entry);
    if (entry.kind === 'directory') {
      await using folder = await open(bytesOf(at), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      await folder.chown(uid, gid);
      await folder.chmod(entry.mode);
      this.#times.set(path, entry.mtime_s);
    } else {
      await lchown(bytesOf(at), uid, gid);
      if (entry.kind !== 'symlink') await chmodNode(at, entry.mode);
      await lutimes(bytesOf(at), timeOf(entry.mtime_s), timeOf(entry.mtime_s));
    }
    this.#setXattrs(at, entry);
  }

  #owner({ uid, gid }: TarEntry): { readonly uid: number; readonly gid: number } {
    return this.#options.keepOwners ? { uid, gid } : { uid: 0, gid: 0 };
  }

  #setXattrs(at: string, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs)
      if (name === 'security.capability' || name.startsWith('user.')) this.#options.privileges.xattrs.set(bytesOf(at), name, value);
  }
}

/** A device or pipe by its descriptor: opening it with O_PATH neither blocks nor follows. */
async function chmodNode(at: string, mode: number): Promise<void> {
  const O_PATH = 0o10000000;
  await using node = await open(bytesOf(at), O_PATH | constants.O_NOFOLLOW);
  await chmod(`/proc/self/fd/${node.fd}`, mode);
}

/** rm(1) walks by descriptors and follows no link that is put in its way. */
async function removeFolder(folder: FileHandle, name: string): Promise<void> {
  const child = spawn('rm', ['-rf', '--one-file-system', '--', `./${textOf(name)}`], {
    cwd: `/proc/self/fd/${folder.fd}`,
    stdio: 'ignore',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw replacingFailed(code);
}

function nameOf(path: string): string {
  return posix.basename(path);
}

function textOf(path: string): string {
  return bytesOf(path).toString();
}

/** Paths of archives are bytes, held as latin1 text. */
function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
