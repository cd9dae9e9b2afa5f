import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#kit';
import { goModules } from './go-binary.ts';
import { type Package, parseApk, parseDpkg, parseNpm, parseNpmLock, parsePython, sortedPackages } from './packages.ts';
import { rpmPackages } from './rpm.ts';

/** The databases of package managers, by where they are in an image. */
const PLACES: readonly (readonly [RegExp, (text: string) => readonly Package[]])[] = [
  [/^var\/lib\/dpkg\/status$/, parseDpkg],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, parseDpkg],
  [/^(?:usr\/)?lib\/apk\/db\/installed$/, parseApk],
  [/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/, parseNpm],
  [/(?:^|\/)\.?package-lock\.json$/, parseNpmLock],
  [/\.dist-info\/METADATA$/, parsePython],
  [/\.egg-info(?:\/PKG-INFO)?$/, parsePython],
];
/** rpm's own, in the form that it has had since 4.16. */
const RPM = /^(?:var\/lib\/rpm|usr\/lib\/sysimage\/rpm)\/rpmdb\.sqlite$/;
/** The permission of anybody to run a file. */
const RUNNABLE = 0o111;
/** No program of Go's is smaller. */
const PROGRAM_BYTES_MIN = 256 * 1024;

/**
 * Packages that the files below a root tell of. Links are never followed, so nothing outside of the root is read; files are read by the
 * thread pool, one folder after the other. Aborts with the signal's reason.
 */
export async function scanPackages(root: string, ways: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<readonly Package[]> {
  const found: Package[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    ways.signal.throwIfAborted();
    const entries: readonly Dirent[] = await readdir(join(root, folder), { withFileTypes: true });
    const isInNodeModules = /(?:^|\/)node_modules(?:\/|$)/.test(folder);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      // What packages carry along of their own making says nothing of the image.
      else if (entry.isFile() && !(isInNodeModules && entry.name === 'package-lock.json')) found.push(...(await packagesIn(root, path, ways)));
    }
  }
  return sortedPackages(found);
}

async function packagesIn(root: string, path: string, ways: Parameters<typeof scanPackages>[1]): Promise<readonly Package[]> {
  if (path.endsWith('.md5sums')) return [];
  const place = join(root, path);
  const parse = PLACES.find(([pattern]) => pattern.test(path))?.[1];
  if (parse !== undefined) return parse(await readFile(place, 'utf8'));
  if (RPM.test(path)) return await rpmPackages(place, ways);
  const { mode, size } = await stat(place);
  return (mode & RUNNABLE) !== 0 && size >= PROGRAM_BYTES_MIN ? await goModules(place) : [];
}
