import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';

/** Bytes of the files below a folder, each once however many names it has; what goes meanwhile does not count. */
export async function folderSize_bytes(folder: string): Promise<number> {
  const seen = new Set<string>();
  const sizeOf = async (path: string): Promise<number> => {
    let sum = 0;
    for await (const entry of await opendir(path)) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) sum += await unlessGone(() => sizeOf(inner));
      else sum += await unlessGone(() => ownSize(inner, seen));
    }
    return sum;
  };
  return await unlessGone(() => sizeOf(folder));
}

async function ownSize(path: string, seen: Set<string>): Promise<number> {
  const { dev, ino, nlink, size } = await lstat(path);
  const key = `${dev} ${ino}`;
  if (nlink > 1 && seen.has(key)) return 0;
  if (nlink > 1) seen.add(key);
  return size;
}

async function unlessGone(task: () => Promise<number>): Promise<number> {
  try {
    return await task();
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return 0;
    throw error;
  }
}
