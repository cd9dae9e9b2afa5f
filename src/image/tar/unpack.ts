import { closeSync, constants, linkSync, mkdirSync, openSync, type Stats, symlinkSync, writeSync } from 'node:fs';
import { tarInvalid } from '../errors.ts';
import type { TarEntry } from './entry.ts';
import { isWhiteout, lookUp, pathBytes, type Privileges, removeTree, setMode, setTime } from './files.ts';
import { FolderTree } from './folder-tree.ts';
import { cleanPath, OPAQUE_MARKER, OPAQUE_XATTR, RESERVED, shown, splitPath, toBytesText, WHITEOUT } from './names.ts';
import { TarReader } from './read.ts';
import { attributeRefused, entryRefused } from './refusals.ts';

export interface UnpackOptions {
  readonly content: AsyncIterable<Uint8Array>;
  /** An existing, empty folder of the caller's own. */
  readonly target: string;
  /** Folders of the layers below, uppermost first: a parent that the archive does not name looks as it does there. */
  readonly below: readonly string[];
  readonly privileges: Privileges;
}

/**
 * Unpacks a layer the way overlayfs wants it: OCI's whiteouts become character devices 0/0 and opaque folders. Whatever the
 * archive says, nothing outside `target` is touched: every parent is looked at and must be a folder. Answers the bytes of its files.
 * Blocks between two reads: for layers that are large, call it in a worker. Errors: `TAR_INVALID`, `NO_SPACE`, `UNPACK_FAILED`.
 */
export async function unpackLayer(options: UnpackOptions): Promise<number> {
  await using reader = new TarReader(options.content);
  const writer = new LayerWriter(options);
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    try {
      await writer.add(entry, reader);
    } catch (error) {
      throw entryRefused(entry.path, error);
    }
  }
  await reader.finish();
  return writer.finish();
}

class LayerWriter {
  readonly #root: string;
  readonly #below: readonly string[];
  readonly #privileges: Privileges;
  /** Folders that were looked at since something was last removed there, and the times that folders shall have. */
  readonly #folders = new FolderTree();
  #bytes = 0;

  constructor({ target, below, privileges }: UnpackOptions) {
    this.#root = toBytesText(target);
    this.#below = below.map(toBytesText);
    this.#privileges = privileges;
    this.#folders.know('');
    const looks = this.#looksBelow('');
    if (looks) this.#dress('', looks);
    else setMode(this.#at(''), 0o755);
  }

  async add(entry: TarEntry, reader: TarReader): Promise<void> {
    const path = cleanPath(entry.path);
    if (path === '') {
      if (entry.kind !== 'directory') throw tarInvalid('its root is no folder');
      return this.#describe(path, entry);
    }
    const { folder, name } = splitPath(path);
    if (isReserved(folder, entry.path)) return;
    this.#makeParents(folder);
    if (name === OPAQUE_MARKER) return this.#makeOpaque(folder);
    if (name.startsWith(RESERVED)) return;
    if (name.startsWith(WHITEOUT)) return this.#whiteOut(folder, name.slice(WHITEOUT.length), entry.path);
    await this.#put(path, entry, reader);
  }

  /** Sets the folders' times, last because filling them changed those. */
  finish(): number {
    for (const [path, time_s] of this.#folders.times()) setTime(this.#at(path), time_s);
    return this.#bytes;
  }

  async #put(path: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const there = lookUp(this.#at(path));
    const merges = there?.isDirectory() === true && entry.kind === 'directory';
    if (there && !merges) this.#remove(path);
    switch (entry.kind) {
      case 'directory':
        if (!merges) mkdirSync(this.#at(path), 0o700);
        if (there && isWhiteout(there)) this.#makeOpaque(path);
        break;
      case 'file':
        await this.#writeFile(path, entry, reader);
        return;
      case 'hardlink':
        return this.#link(path, entry);
      case 'symlink':
        symlinkSync(pathBytes(entry.link), this.#at(path));
        break;
      case 'character':
      case 'block':
      case 'fifo':
        // The device 0/0 would read as a removed file.
        if (entry.kind === 'character' && entry.major === 0 && entry.minor === 0) return;
        this.#privileges.nodes.make(this.#at(path), entry.kind, 0o600, { major: entry.major, minor: entry.minor });
        break;
    }
    this.#describe(path, entry);
  }

  async #writeFile(path: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const file = openSync(this.#at(path), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      for await (const piece of reader.content()) for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
    } finally {
      closeSync(file);
    }
    this.#bytes += entry.size;
    this.#describe(path, entry);
  }

  #link(path: string, entry: TarEntry): void {
    const target = cleanPath(entry.link);
    this.#checkParents(splitPath(target).folder, entry.path);
    const there = lookUp(this.#at(target));
    if (target === '' || there === undefined || there.isDirectory() || isWhiteout(there))
      throw tarInvalid(`entry ${shown(entry.path)} is a hard link to ${shown(entry.link)}, which is no file of this layer`);
    linkSync(this.#at(target), this.#at(path));
  }

  /** Owner before mode and attributes, because changing it takes setuid bits and capabilities away. */
  #describe(path: string, entry: TarEntry): void {
    const at = this.#at(path);
    this.#privileges.own(at, entry.uid, entry.gid);
    if (entry.kind !== 'symlink') setMode(at, entry.mode);
    for (const [name, value] of entry.xattrs) if (isKept(name, entry.kind)) this.#setAttribute(at, entry.path, name, value);
    if (entry.kind === 'directory') this.#folders.setTime(path, entry.mtime_s);
    else setTime(at, entry.mtime_s);
  }

  #setAttribute(at: Buffer, path: string, name: string, value: Buffer): void {
    try {
      this.#privileges.xattrs.set(at, name, value);
    } catch (error) {
      throw attributeRefused(path, name, error);
    }
  }

  #whiteOut(folder: string, name: string, written: string): void {
    if (name === '' || name === '.' || name === '..') throw tarInvalid(`entry ${shown(written)} removes nothing`);
    const path = folder === '' ? name : `${folder}/${name}`;
    const there = lookUp(this.#at(path));
    // A whiteout is about the layers below: what this layer itself has at that place stays.
    if (there?.isDirectory()) this.#makeOpaque(path);
    if (there === undefined) this.#privileges.nodes.make(this.#at(path), 'character', 0, { major: 0, minor: 0 });
  }

  #makeOpaque(path: string): void {
    this.#privileges.xattrs.set(this.#at(path), OPAQUE_XATTR, Buffer.from('y'));
  }

  #makeParents(folder: string): void {
    if (this.#folders.isKnown(folder)) return;
    const up = splitPath(folder).folder;
    this.#makeParents(up);
    const there = lookUp(this.#at(folder));
    if (there === undefined || isWhiteout(there)) {
      if (there) this.#remove(folder);
      mkdirSync(this.#at(folder), 0o755);
      if (there) this.#makeOpaque(folder);
      else this.#dress(folder, this.#looksBelow(folder));
    } else if (!there.isDirectory()) throw tarInvalid(`${shown(folder)} is used as a folder and is none; links are not followed`);
    this.#folders.know(folder);
  }

  #checkParents(folder: string, written: string): void {
    if (this.#folders.isKnown(folder)) return;
    this.#checkParents(splitPath(folder).folder, written);
    if (!lookUp(this.#at(folder))?.isDirectory())
      throw tarInvalid(`entry ${shown(written)} is a hard link through ${shown(folder)}, which is no folder of this layer`);
  }

  #dress(path: string, looks: Looks | undefined): void {
    if (!looks) return;
    this.#privileges.own(this.#at(path), looks.uid, looks.gid);
    setMode(this.#at(path), looks.mode);
    this.#folders.setTime(path, looks.mtime_s);
  }

  /** How a folder looks in the uppermost layer that has it, each folder above it being one there too: a link in a layer leads anywhere. */
  #looksBelow(path: string): Looks | undefined {
    for (const layer of this.#below) {
      const stats = lookFor(layer, path);
      if (stats?.isDirectory()) return { uid: stats.uid, gid: stats.gid, mode: stats.mode, mtime_s: stats.mtimeMs / 1_000 };
      if (stats) return undefined;
    }
    return undefined;
  }

  #remove(path: string): void {
    removeTree(`${this.#root}/${path}`);
    this.#folders.forget(path);
  }

  #at(path: string): Buffer {
    return pathBytes(path === '' ? this.#root : `${this.#root}/${path}`);
  }
}

interface Looks {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtime_s: number;
}

/** What stands at a path of a layer, or at the first place on the way where no folder is. */
function lookFor(layer: string, path: string): Stats | undefined {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const stats = lookUp(pathBytes(`${layer}/${path.slice(0, slash)}`));
    if (!stats?.isDirectory()) return stats;
  }
  return lookUp(pathBytes(`${layer}/${path}`));
}

/** True for what AUFS keeps in folders of its own, which means nothing here. Errors: `TAR_INVALID` for a folder called as the mark of a removed file is. */
function isReserved(folder: string, path: string): boolean {
  if (!folder.includes(WHITEOUT)) return false;
  for (const name of folder.split('/')) {
    if (name.startsWith(RESERVED)) return true;
    if (name.startsWith(WHITEOUT)) throw tarInvalid(`entry ${shown(path)} lies in ${shown(name)}, a name that marks a removed file and can be no folder`);
  }
  return false;
}

/**
 * Attributes that a layer may bring: never those that steer overlayfs or belong to this machine. Linux has those of users for files and
 * folders only (xattr(7)).
 */
function isKept(name: string, kind: TarEntry['kind']): boolean {
  if (name.startsWith('user.')) return kind === 'file' || kind === 'directory';
  return name === 'security.capability' || name.startsWith('system.posix_acl_');
}
