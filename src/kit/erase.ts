import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from './errors.ts';

/** A folder whose path is longer is brought further up: well below PATH_MAX, what is in it needs room too. */
const PATH_BYTES_MAX = 2_000;

/**
 * Removes a file or a folder with all that is in it, following no link; nothing there is fine. Also folders that lie deeper than a path can be long:
 * whoever makes them one in the other, each from where it is, can make such.
 */
export async function eraseTree(path: string): Promise<void> {
  for (;;) {
    try {
      return await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (!isSystemError(error, 'ENAMETOOLONG')) throw error;
      await bringUp(path);
    }
  }
}

/** Moves the folders that lie too deep into one at the top; what lies deeper in them comes the next time. */
async function bringUp(root: string): Promise<void> {
  const place = Buffer.from(`${await mkdtemp(join(root, 'deep-'))}/`);
  let moved = 0;
  const open = [Buffer.from(root)];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop())
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      if (!entry.isDirectory()) continue;
      const inner = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (inner.length < Math.max(PATH_BYTES_MAX, 2 * place.length)) open.push(inner);
      else await rename(inner, Buffer.concat([place, Buffer.from(String((moved += 1)))]));
    }
}
