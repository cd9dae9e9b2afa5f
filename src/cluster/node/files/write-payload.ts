import { chmod, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError } from '#kit';
import type { Payload } from '../types.ts';

const DATA = '..data';

/**
 * Puts the files into the volume so that a reader sees all old or all new ones: they lie in a folder of their own, to which
 * the link `..data` leads, and each visible name is a link into that. Answers whether anything changed.
 */
export async function writePayload(folder: string, payload: Payload, name: string): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const current = await linkIfThere(join(folder, DATA));
  if (current !== undefined && (await isSame(join(folder, current), payload))) return false;
  const fresh = `..${name}`;
  for (const [path, { content, mode }] of payload) {
    const file = join(folder, fresh, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, content);
    await chmod(file, mode);
  }
  await mkdir(join(folder, fresh), { recursive: true, mode: 0o755 });
  await replaceLink(fresh, join(folder, DATA));
  await link(folder, payload);
  if (current !== undefined && current !== fresh) await rm(join(folder, current), { recursive: true, force: true });
  return true;
}

async function link(folder: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await readdir(folder)) if (!name.startsWith('..') && !wanted.has(name)) await rm(join(folder, name), { force: true });
  for (const name of wanted) if ((await linkIfThere(join(folder, name))) === undefined) await replaceLink(join(DATA, name), join(folder, name));
}

async function replaceLink(target: string, path: string): Promise<void> {
  const aside = `${path}.new`;
  await rm(aside, { force: true });
  await symlink(target, aside);
  await rename(aside, path);
}

async function linkIfThere(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isSame(folder: string, payload: Payload): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.filter((entry) => entry.isFile()).length !== payload.size) return false;
  for (const [path, { content, mode }] of payload) {
    try {
      const file = join(folder, path);
      if (((await stat(file)).mode & 0o777) !== mode || !content.equals(await readFile(file))) return false;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false;
      throw error;
    }
  }
  return true;
}
