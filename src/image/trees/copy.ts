import { chmodSync, mkdirSync, type Stats } from 'node:fs';
import { treeInvalid } from '../errors.ts';
import { lookUp, pathBytes, type Privileges, removeTree } from '../tar/files.ts';
import { fromBytesText, toBytesText } from '../tar/names.ts';
import { makeFoldersBelow, resolveBelow } from './in-root.ts';
import { TreeMaker } from './maker.ts';
import type { TreeCopyItem, TreeGraft } from './types.ts';
import { needStats, sortedNames } from './walk.ts';

const ROOT_OWNER = { uid: 0, gid: 0 };

/** See `Trees.copy`. Blocks while it copies. */
export function copyTrees(root: string, items: readonly TreeCopyItem[], privileges: Privileges): void {
  for (const item of items) new TreeCopy(toBytesText(root), item, privileges, undefined).run();
}

/**
 * As a copy, into the merged view of an overlay mount, but for the files and for what new folders hold: `graftTree` puts these into the writable
 * layer once it is not mounted, in the order of the answer.
 */
export function prepareGrafts(root: string, item: TreeCopyItem, privileges: Privileges): readonly TreeGraft[] {
  const grafts: TreeGraft[] = [];
  new TreeCopy(toBytesText(root), item, privileges, grafts).run();
  return grafts;
}

class TreeCopy {
  readonly #root: string;
  readonly #item: TreeCopyItem;
  readonly #maker: TreeMaker;
  /** What is left for later. */
  readonly #grafts: TreeGraft[] | undefined;
  /** Of an archive, the folders that it names. */
  readonly #named: ReadonlySet<string> | undefined;
  /** Folders that are in the writable layer for sure. */
  readonly #raised = new Set<string>();

  constructor(root: string, item: TreeCopyItem, privileges: Privileges, grafts: TreeGraft[] | undefined) {
    this.#root = root;
    this.#item = item;
    this.#maker = new TreeMaker(item, privileges);
    this.#grafts = grafts;
    this.#named = item.archiveFolders && new Set(item.archiveFolders);
  }

  run(): void {
    const { path, folder, name, folderOwner = ROOT_OWNER, folderMode } = this.#item;
    const source = toBytesText(path);
    const { path: target } = makeFoldersBelow(this.#root, toBytesText(folder), folderOwner, folderMode);
    if (name === undefined) return this.#children(source, target, '');
    const stats = needStats(source);
    if (!stats.isDirectory() && this.#maker.isExcluded(source.slice(source.lastIndexOf('/') + 1))) return undefined;
    return this.#entry(source, target, toBytesText(name), '', stats);
  }

  #children(source: string, target: string, inside: string): void {
    for (const name of sortedNames(source)) {
      const below = inside === '' ? name : `${inside}/${name}`;
      if (!this.#maker.isExcluded(below)) this.#entry(`${source}/${name}`, target, name, below, needStats(`${source}/${name}`));
    }
  }

  #entry(source: string, folder: string, name: string, inside: string, stats: Stats): void {
    // A folder of the root may be a link (`/lib` to `usr/lib`): what it leads to takes the files, never anything outside.
    const isNamed = this.#named?.has(inside) === true;
    const target = resolveBelow(this.#root, `${folder.slice(this.#root.length)}/${name}`, stats.isDirectory() && !isNamed);
    const existing = this.#makeRoom(target, name, stats);
    if (existing) {
      this.#children(source, target, inside);
      if (this.#named && !isNamed) return undefined;
      this.#maker.describe(source, target, stats);
      this.#later('dress', source, target, inside);
      return undefined;
    }
    if (this.#grafts === undefined || !(stats.isDirectory() || stats.isFile())) return this.#maker.put(source, target, inside, stats);
    if (stats.isDirectory()) mkdirSync(pathBytes(target), 0o755);
    else this.#raise(target.slice(0, target.lastIndexOf('/')));
    return this.#later(stats.isDirectory() ? 'fill' : 'put', source, target, inside);
  }

  /** Takes away what stands there, but for a folder that another is merged with: that is answered. Errors: `TREE_INVALID`. */
  #makeRoom(target: string, name: string, stats: Stats): Stats | undefined {
    const existing = lookUp(pathBytes(target));
    if (existing === undefined || (existing.isDirectory() && stats.isDirectory())) return existing;
    if (existing.isDirectory() && !this.#named) throw treeInvalid(fromBytesText(name), 'a folder stands at its place');
    removeTree(target, existing);
    return undefined;
  }

  #later(kind: TreeGraft['kind'], source: string, target: string, inside: string): void {
    this.#grafts?.push({ kind, source, target: target.slice(this.#root.length), inside });
  }

  /** A change that changes nothing makes overlayfs copy a folder up from a layer below. */
  #raise(folder: string): void {
    if (this.#raised.has(folder)) return;
    chmodSync(pathBytes(folder), needStats(folder).mode & 0o7777);
    this.#raised.add(folder);
  }
}
