import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { digestFromHex } from '../digest.ts';
import { pathBytes, type Privileges } from '../tar/files.ts';
import { toBytesText } from '../tar/names.ts';
import type { Digest } from '../types.ts';
import type { TreeHashItem } from './types.ts';
import { excluder, keptAttributes, needStats, sortedNames } from './walk.ts';

const PIECE_BYTES = 256 * 1024;

/** See `Trees.hash`. Blocks while it reads. */
export function hashTrees(items: readonly TreeHashItem[], owners: boolean, xattrs: Privileges['xattrs']): { digest: Digest; bytes: number } {
  const hasher = new TreeHasher(owners, xattrs);
  for (const item of items) hasher.add(item);
  return hasher.end();
}

class TreeHasher {
  readonly #hash = createHash('sha256');
  readonly #owners: boolean;
  readonly #xattrs: Privileges['xattrs'];
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #bytes = 0;

  constructor(owners: boolean, xattrs: Privileges['xattrs']) {
    this.#owners = owners;
    this.#xattrs = xattrs;
  }

  add(item: TreeHashItem): void {
    const isExcluded = excluder(item);
    const path = toBytesText(item.path);
    const stats = needStats(path);
    if (!stats.isDirectory() && isExcluded(path.slice(path.lastIndexOf('/') + 1))) return;
    if (item.contentOnly === true && stats.isDirectory()) this.#children(path, toBytesText(item.name), '', isExcluded);
    else this.#visit(path, toBytesText(item.name), '', stats, isExcluded);
  }

  end(): { digest: Digest; bytes: number } {
    return { digest: digestFromHex(this.#hash.digest('hex')), bytes: this.#bytes };
  }

  #visit(path: string, name: string, inside: string, stats: Stats, isExcluded: (inside: string) => boolean): void {
    this.#hash.update(this.#line(path, name, stats), 'latin1');
    if (stats.isFile()) this.#content(path, this.#hash);
    if (stats.isDirectory()) this.#children(path, name, inside, isExcluded);
  }

  #children(path: string, name: string, inside: string, isExcluded: (inside: string) => boolean): void {
    for (const child of sortedNames(path)) {
      const below = inside === '' ? child : `${inside}/${child}`;
      if (!isExcluded(below)) this.#visit(`${path}/${child}`, `${name}/${child}`, below, needStats(`${path}/${child}`), isExcluded);
    }
  }

  #line(path: string, name: string, stats: Stats): string {
    const isLink = stats.isSymbolicLink();
    const link = isLink ? readlinkSync(pathBytes(path), 'latin1') : '';
    const device = stats.isCharacterDevice() || stats.isBlockDevice() ? stats.rdev : 0;
    const attributes = isLink ? [] : keptAttributes(path, this.#xattrs).map(([key, value]) => `${key}=${value.toString('hex')}`);
    const owner = this.#owners ? `${stats.uid}:${stats.gid}` : '';
    // The size goes before the content, so that no content can be taken for the next line.
    const size = stats.isFile() ? stats.size : 0;
    return `${JSON.stringify([name, stats.mode & (isLink ? 0o170000 : 0o177777), owner, link, device, size, attributes])}\n`;
  }

  #content(path: string, hash: Hash): void {
    const file = openSync(pathBytes(path), 'r');
    try {
      for (;;) {
        const read = readSync(file, this.#piece, 0, PIECE_BYTES, null);
        if (read === 0) return;
        hash.update(read === PIECE_BYTES ? this.#piece : this.#piece.subarray(0, read));
        this.#bytes += read;
      }
    } finally {
      closeSync(file);
    }
  }
}
