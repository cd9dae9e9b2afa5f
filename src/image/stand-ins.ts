import { readdirSync, type Stats } from 'node:fs';
import type { LowerView } from './lower-view.ts';
import { isWhiteout, lookUp, pathBytes } from './tar/files.ts';
import { toBytesText } from './tar/names.ts';

/**
 * Which paths of a writable layer only stand for mounts: the given ones where they are empty and new, and the folders above them that
 * hold nothing else and are new too, or are just as they are below. Relative, as latin1 text.
 */
export function omittedFrom(upper: string, standIns: readonly string[], lower: LowerView): readonly string[] {
  const root = toBytesText(upper);
  const omitted = new Set<string>();
  const namesIn = (path: string) => readdirSync(pathBytes(`${root}/${path}`), 'latin1').filter((name) => !omitted.has(`${path}/${name}`));
  // The longest first: what is mounted inside of another mount's place goes before it.
  const paths = standIns.map((path) => toBytesText(path.split('/').filter(Boolean).join('/'))).sort((a, b) => b.length - a.length);
  for (const path of paths) {
    const stats = lookUp(pathBytes(`${root}/${path}`));
    if (path === '' || stats === undefined || isWhiteout(stats) || lower.find(path) !== undefined) continue;
    if (stats.isDirectory() ? namesIn(path).length > 0 : !stats.isFile() || stats.size > 0) continue;
    omitted.add(path);
    for (let above = folderOf(path); above !== ''; above = folderOf(above)) {
      const folder = lookUp(pathBytes(`${root}/${above}`));
      if (folder === undefined || namesIn(above).length > 0 || !isAsBelow(folder, lower.find(above))) break;
      omitted.add(above);
    }
  }
  return [...omitted];
}

function isAsBelow(here: Stats, below: Stats | undefined): boolean {
  return below === undefined || (below.isDirectory() && below.mode === here.mode && below.uid === here.uid && below.gid === here.gid);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
