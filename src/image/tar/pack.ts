import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { pathTooLong } from '../errors.ts';
import type { TarEntry } from './entry.ts';
import { isWhiteout, pathBytes, type Privileges } from './files.ts';
import { OPAQUE_MARKER, OPAQUE_XATTR, toBytesText, WHITEOUT } from './names.ts';
import { encodeHeader, endOfArchive, paddingFor } from './write.ts';

export interface PackOptions {
  /** The upper folder of an overlay mount. */
  readonly source: string;
  readonly privileges: Pick<Privileges, 'xattrs'>;
  /** Relative paths that are left out, as latin1 text. */
  readonly omit?: readonly string[];
  /** Hears of the bytes of each file. */
  readonly onFile?: (bytes: number) => void;
  /** Later times become this one. */
  readonly latest_ms?: number;
  /** What files are read into, where each piece is done with before the next one is asked for; else each has memory of its own. */
  readonly space?: Buffer;
}

const PIECE_BYTES = 256 * 1024;

/**
 * The layer archive of a writable layer: sorted by name, owners by number, times in whole seconds; overlayfs's marks become OCI's
 * whiteouts. The same files give the same bytes. Sockets are left out. Blocks while it reads: for large layers, call it in a worker. Errors: `LAYER_TOO_DEEP`.
 */
export function* packLayer(options: PackOptions): Generator<Buffer> {
  const packer = new Packer(options);
  try {
    yield* packer.folder('');
  } catch (error) {
    throw pathTooLong(error);
  }
  yield endOfArchive();
}

class Packer {
  readonly #root: string;
  readonly #xattrs: Privileges['xattrs'];
  readonly #latest_ms: number;
  readonly #omit: ReadonlySet<string>;
  readonly #onFile: (bytes: number) => void;
  readonly #space: Buffer | undefined;
  /** First names of files that have several. */
  readonly #links = new Map<string, string>();

  constructor({ source, privileges, latest_ms, omit = [], onFile = () => undefined, space }: PackOptions) {
    this.#space = space;
    this.#omit = new Set(omit);
    this.#onFile = onFile;
    this.#root = toBytesText(source);
    this.#xattrs = privileges.xattrs;
    this.#latest_ms = latest_ms ?? Number.POSITIVE_INFINITY;
  }

  *folder(path: string): Generator<Buffer> {
    const at = this.#at(path);
    const stats = lstatSync(at);
    if (path !== '') yield encodeHeader(this.#entry(path, 'directory', stats));
    const prefix = path === '' ? '' : `${path}/`;
    if (this.#isOpaque(at)) yield encodeHeader(marker(`${prefix}${OPAQUE_MARKER}`, this.#time(stats)));
    for (const name of readdirSync(at, 'latin1').sort(byBytes)) yield* this.#item(prefix, name);
  }

  *#item(prefix: string, name: string): Generator<Buffer> {
    const path = `${prefix}${name}`;
    if (this.#omit.has(path)) return;
    const stats = lstatSync(this.#at(path));
    if (isWhiteout(stats)) yield encodeHeader(marker(`${prefix}${WHITEOUT}${name}`, this.#time(stats)));
    else if (stats.isDirectory()) yield* this.folder(path);
    else if (stats.isSymbolicLink()) yield encodeHeader({ ...this.#entry(path, 'symlink', stats), mode: 0o777, link: readlinkSync(this.#at(path), 'latin1') });
    else if (stats.isFile()) yield* this.#file(path, stats);
    else if (stats.isFIFO()) yield encodeHeader(this.#entry(path, 'fifo', stats));
    else if (stats.isCharacterDevice()) yield encodeHeader(this.#entry(path, 'character', stats));
    else if (stats.isBlockDevice()) yield encodeHeader(this.#entry(path, 'block', stats));
  }

  *#file(path: string, stats: Stats): Generator<Buffer> {
    const inode = `${stats.dev}:${stats.ino}`;
    const first = this.#links.get(inode);
    if (first !== undefined) return yield encodeHeader({ ...this.#entry(path, 'hardlink', stats), link: first, xattrs: new Map() });
    if (stats.nlink > 1) this.#links.set(inode, path);
    this.#onFile(stats.size);
    yield encodeHeader({ ...this.#entry(path, 'file', stats), size: stats.size });
    yield* fileContent(this.#at(path), stats.size, this.#space);
    yield paddingFor(stats.size);
  }

  #entry(path: string, kind: TarEntry['kind'], stats: Stats): TarEntry {
    const isDevice = kind === 'character' || kind === 'block';
    return {
      path,
      kind,
      mode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
      size: 0,
      mtime_s: this.#time(stats),
      link: '',
      major: isDevice ? (stats.rdev >>> 8) & 0xfff : 0,
      minor: isDevice ? (stats.rdev & 0xff) | ((stats.rdev >>> 12) & ~0xff) : 0,
      xattrs: this.#kept(path),
    };
  }

  #kept(path: string): ReadonlyMap<string, Buffer> {
    const at = this.#at(path);
    const kept = new Map<string, Buffer>();
    for (const name of this.#xattrs.list(at)) {
      if (name !== 'security.capability' && !name.startsWith('user.') && !name.startsWith('system.posix_acl_')) continue;
      const value = this.#xattrs.get(at, name);
      if (value) kept.set(name, value);
    }
    return kept;
  }

  #isOpaque(at: Buffer): boolean {
    return this.#xattrs.get(at, OPAQUE_XATTR)?.toString() === 'y';
  }

  #time(stats: Stats): number {
    return Math.floor(Math.min(stats.mtimeMs, this.#latest_ms) / 1_000);
  }

  #at(path: string): Buffer {
    return pathBytes(path === '' ? this.#root : `${this.#root}/${path}`);
  }
}

/** Exactly `size` bytes, whatever happens to the file meanwhile: cut, or filled up with zeros. */
function* fileContent(path: Buffer, size: number, space: Buffer | undefined): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (let left = size; left > 0; ) {
      const piece = space?.subarray(0, left) ?? Buffer.allocUnsafe(Math.min(left, PIECE_BYTES));
      const read = readSync(file, piece, 0, piece.length, null);
      yield read === 0 ? piece.fill(0) : piece.subarray(0, read);
      left -= read === 0 ? piece.length : read;
    }
  } finally {
    closeSync(file);
  }
}

function marker(path: string, mtime_s: number): TarEntry {
  return { path, kind: 'file', mode: 0, uid: 0, gid: 0, size: 0, mtime_s, link: '', major: 0, minor: 0, xattrs: new Map() };
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
