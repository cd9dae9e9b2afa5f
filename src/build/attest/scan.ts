import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Package, parseApk, parseDpkg, parseNpm, parsePython, sortedPackages } from './packages.ts';

/** The databases of package managers, by where they are in an image. */
const PLACES: readonly (readonly [RegExp, (text: string) => readonly Package[]])[] = [
  [/^var\/lib\/dpkg\/status$/, parseDpkg],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, parseDpkg],
  [/^(?:usr\/)?lib\/apk\/db\/installed$/, parseApk],
  [/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/, parseNpm],
  [/\.dist-info\/METADATA$/, parsePython],
  [/\.egg-info(?:\/PKG-INFO)?$/, parsePython],
];

/**
 * Packages that the files below a root tell of. Links are never followed, so nothing outside of the root is read; files are read by the
 * thread pool, one folder after the other. Aborts with the signal's reason.
 */
export async function scanPackages(root: string, signal: AbortSignal): Promise<readonly Package[]> {
  const found: Package[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) found.push(...(await packagesIn(root, path)));
    }
  }
  return sortedPackages(found);
}

async function packagesIn(root: string, path: string): Promise<readonly Package[]> {
  if (path.endsWith('.md5sums')) return [];
  const parse = PLACES.find(([place]) => place.test(path))?.[1];
  return parse === undefined ? [] : parse(await readFile(join(root, path), 'utf8'));
}
