import { chmodSync, constants, copyFileSync, lchownSync, linkSync, lutimesSync, mkdirSync, readlinkSync, type Stats, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '#kit';
import { requireRoomNow } from '../bounds.ts';
import { pathBytes, type Privileges } from '../tar/files.ts';
import { fromBytesText } from '../tar/names.ts';
import { applyMode } from './mode.ts';
import type { TreeCopyItem } from './types.ts';
import { excluder, keptAttributes, needStats, sortedNames } from './walk.ts';

/** Makes files as an item of a copy says, at places where nothing is. Paths are latin1 text. Blocks while it copies. */
export class TreeMaker {
  readonly #item: TreeCopyItem;
  readonly #privileges: Privileges;
  readonly #shares: boolean;
  readonly isExcluded: (inside: string) => boolean;
  /** Where a file with several names was put first. */
  readonly #links = new Map<string, string>();

  /** `shares`: a file that is to look as it does is no copy but the same one. */
  constructor(item: TreeCopyItem, privileges: Privileges, { shares = false } = {}) {
    this.#item = item;
    this.#privileges = privileges;
    this.#shares = shares;
    this.isExcluded = excluder(item);
  }

  /** Makes `target` what `source` is, with all that is in it. Sockets are left out. */
  put(source: string, target: string, inside: string, stats: Stats): void {
    if (stats.isSocket()) return undefined;
    if (stats.isDirectory()) {
      mkdirSync(pathBytes(target), 0o755);
      return this.fill(source, target, inside, stats);
    }
    const inode = `${stats.dev}:${stats.ino}`;
    const first = stats.nlink > 1 ? this.#links.get(inode) : undefined;
    if (first !== undefined) return linkSync(pathBytes(first), pathBytes(target));
    if (stats.nlink > 1) this.#links.set(inode, target);
    if (this.#shares && this.#looksRight(stats) && isShared(source, target)) return undefined;
    this.#make(source, target, stats);
    return this.describe(source, target, stats);
  }

  /** Puts what a folder holds into a new one, and makes that look like it. */
  fill(source: string, target: string, inside: string, stats: Stats): void {
    for (const name of sortedNames(source)) {
      const below = inside === '' ? name : `${inside}/${name}`;
      if (!this.isExcluded(below)) this.put(`${source}/${name}`, `${target}/${name}`, below, needStats(`${source}/${name}`));
    }
    this.describe(source, target, stats);
  }

  /** Owner before mode and attributes, because changing it takes setuid bits and capabilities away. */
  describe(source: string, target: string, stats: Stats): void {
    const at = pathBytes(target);
    const { owner = stats } = this.#item;
    lchownSync(at, owner.uid, owner.gid);
    if (!stats.isSymbolicLink()) {
      chmodSync(at, this.#modeOf(stats));
      for (const [name, value] of keptAttributes(source, this.#privileges.xattrs)) this.#privileges.xattrs.set(at, name, value);
    }
    lutimesSync(at, stats.atime, stats.mtime);
  }

  #modeOf(stats: Stats): number {
    const { mode } = this.#item;
    return (mode === undefined ? stats.mode : applyMode(stats.mode, stats.isDirectory(), mode)) & 0o7777;
  }

  #looksRight(stats: Stats): boolean {
    const { owner = stats } = this.#item;
    return stats.isFile() && stats.uid === owner.uid && stats.gid === owner.gid && (stats.mode & 0o7777) === this.#modeOf(stats);
  }

  #make(source: string, target: string, stats: Stats): void {
    const [from, to] = [pathBytes(source), pathBytes(target)];
    const { nodes } = this.#privileges;
    if (stats.isFile()) {
      // A hole takes no room where it is, and all of it in a copy.
      requireRoomNow(dirname(fromBytesText(target)), stats.size);
      copyFileSync(from, to, constants.COPYFILE_EXCL);
    } else if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
    else if (stats.isFIFO()) nodes.make(to, 'fifo', stats.mode & 0o777);
    else {
      const device = { major: (stats.rdev >>> 8) & 0xfff, minor: (stats.rdev & 0xff) | ((stats.rdev >>> 12) & ~0xff) };
      nodes.make(to, stats.isBlockDevice() ? 'block' : 'character', stats.mode & 0o777, device);
    }
  }
}

/** False where the file system knows no second name for it: another disk, or too many names. */
function isShared(source: string, target: string): boolean {
  try {
    linkSync(pathBytes(source), pathBytes(target));
    return true;
  } catch (error) {
    if (['EXDEV', 'EMLINK', 'EPERM', 'EOPNOTSUPP'].some((code) => isSystemError(error, code))) return false;
    throw error;
  }
}
