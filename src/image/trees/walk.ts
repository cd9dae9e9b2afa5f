import { readdirSync, type Stats } from 'node:fs';
import { lookUp, pathBytes, type Privileges } from '../tar/files.ts';
import { fromBytesText } from '../tar/names.ts';
import type { TreeSource } from './types.ts';

/** What of a tree is read; paths as latin1 text, `inside` relative to the item. */
export interface Visit {
  readonly path: string;
  readonly inside: string;
  readonly stats: Stats;
}

/** Names in a folder, sorted by their bytes. */
export function sortedNames(path: string): readonly string[] {
  return readdirSync(pathBytes(path), 'latin1').sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Tells what of a source is left out. */
export function excluder({ excludes = [], within = '' }: Pick<TreeSource, 'excludes' | 'within'>): (inside: string) => boolean {
  const before = within === '' ? '' : `${within}/`;
  const patterns = excludes.map((source) => new RegExp(`^(?:${source})$`, 'su'));
  return (inside) => patterns.length > 0 && patterns.some((pattern) => pattern.test(before + fromBytesText(inside)));
}

/** Attributes that go where the file goes, sorted by name. */
export function keptAttributes(path: string, xattrs: Privileges['xattrs']): readonly (readonly [string, Buffer])[] {
  const at = pathBytes(path);
  return xattrs
    .list(at)
    .filter((name) => name === 'security.capability' || name.startsWith('user.') || name.startsWith('system.posix_acl_'))
    .sort()
    .flatMap((name) => {
      const value = xattrs.get(at, name);
      return value === undefined ? [] : [[name, value] as const];
    });
}

/** lstat of what must be there. */
export function needStats(path: string): Stats {
  const stats = lookUp(pathBytes(path));
  if (stats === undefined) throw new TypeError(`${path} went away while it was read`);
  return stats;
}
