import { chmodSync, constants, copyFileSync, lchownSync, linkSync, lutimesSync, mkdirSync, readlinkSync, type Stats, symlinkSync, unlinkSync } from 'node:fs';
import { requireRoomNow } from '../bounds.ts';
import { treeInvalid } from '../errors.ts';
import { lookUp, pathBytes, type Privileges } from '../tar/files.ts';
import { fromBytesText, toBytesText } from '../tar/names.ts';
import { makeFoldersBelow, resolveBelow } from './in-root.ts';
import { applyMode } from './mode.ts';
import type { TreeCopyItem } from './types.ts';
import { excluder, keptAttributes, needStats, sortedNames } from './walk.ts';

const ROOT_OWNER = { uid: 0, gid: 0 };

/** See `Trees.copy`. Blocks while it copies. */
export function copyTrees(root: string, items: readonly TreeCopyItem[], privileges: Privileges): void {
  for (const item of items) new TreeCopy(toBytesText(root), item, privileges).run();
}

class TreeCopy {
  readonly #root: string;
  readonly #item: TreeCopyItem;
  readonly #privileges: Privileges;
  readonly #isExcluded: (inside: string) => boolean;
  /** Where a file with several names was put first. */
  readonly #links = new Map<string, string>();

  constructor(root: string, item: TreeCopyItem, privileges: Privileges) {
    this.#root = root;
    this.#item = item;
    this.#privileges = privileges;
    this.#isExcluded = excluder(item.excludes);
  }

  run(): void {
    const { path, folder, name, folderOwner = ROOT_OWNER } = this.#item;
    const source = toBytesText(path);
    const { path: target } = makeFoldersBelow(this.#root, toBytesText(folder), folderOwner);
    if (name === undefined) return this.#children(source, target, '');
    const stats = needStats(source);
    if (!stats.isDirectory() && this.#isExcluded(source.slice(source.lastIndexOf('/') + 1))) return undefined;
    return this.#entry(source, target, toBytesText(name), '', stats);
  }

  #children(source: string, target: string, inside: string): void {
    for (const name of sortedNames(source)) {
      const below = inside === '' ? name : `${inside}/${name}`;
      if (!this.#isExcluded(below)) this.#entry(`${source}/${name}`, target, name, below, needStats(`${source}/${name}`));
    }
  }

  #entry(source: string, folder: string, name: string, inside: string, stats: Stats): void {
    // A folder of the root may be a link (`/lib` to `usr/lib`): what it leads to takes the files, never anything outside.
    const target = resolveBelow(this.#root, `${folder.slice(this.#root.length)}/${name}`, stats.isDirectory());
    const existing = lookUp(pathBytes(target));
    if (existing?.isDirectory() && !stats.isDirectory()) throw treeInvalid(fromBytesText(name), 'a folder stands at its place');
    if (existing && !existing.isDirectory()) unlinkSync(pathBytes(target));
    if (stats.isDirectory()) {
      const isNew = existing?.isDirectory() !== true;
      if (isNew) mkdirSync(pathBytes(target), 0o755);
      this.#children(source, target, inside);
      return this.#describe(source, target, stats);
    }
    if (stats.isSocket()) return undefined;
    const inode = `${stats.dev}:${stats.ino}`;
    const first = stats.nlink > 1 ? this.#links.get(inode) : undefined;
    if (first !== undefined) return linkSync(pathBytes(first), pathBytes(target));
    this.#make(source, target, stats);
    if (stats.nlink > 1) this.#links.set(inode, target);
    return this.#describe(source, target, stats);
  }

  #make(source: string, target: string, stats: Stats): void {
    const [from, to] = [pathBytes(source), pathBytes(target)];
    const { nodes } = this.#privileges;
    if (stats.isFile()) {
      // A hole takes no room where it is, and all of it in a copy.
      requireRoomNow(fromBytesText(this.#root), stats.size);
      copyFileSync(from, to, constants.COPYFILE_EXCL);
    } else if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
    else if (stats.isFIFO()) nodes.make(to, 'fifo', stats.mode & 0o777);
    else {
      const device = { major: (stats.rdev >>> 8) & 0xfff, minor: (stats.rdev & 0xff) | ((stats.rdev >>> 12) & ~0xff) };
      nodes.make(to, stats.isBlockDevice() ? 'block' : 'character', stats.mode & 0o777, device);
    }
  }

  /** Owner before mode and attributes, because changing it takes setuid bits and capabilities away. */
  #describe(source: string, target: string, stats: Stats): void {
    const at = pathBytes(target);
    const { owner = stats, mode } = this.#item;
    lchownSync(at, owner.uid, owner.gid);
    if (!stats.isSymbolicLink()) {
      chmodSync(at, (mode === undefined ? stats.mode : applyMode(stats.mode, stats.isDirectory(), mode)) & 0o7777);
      for (const [name, value] of keptAttributes(source, this.#privileges.xattrs)) this.#privileges.xattrs.set(at, name, value);
    }
    lutimesSync(at, stats.atime, stats.mtime);
  }
}
