import { mkdir, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { isSystemError } from '#kit';
import { VolumeError } from '../errors.ts';

const KINDS: Readonly<Record<string, (found: Stats) => boolean>> = {
  Directory: (found) => found.isDirectory(),
  DirectoryOrCreate: (found) => found.isDirectory(),
  File: (found) => found.isFile(),
  FileOrCreate: (found) => found.isFile(),
  Socket: (found) => found.isSocket(),
  CharDevice: (found) => found.isCharacterDevice(),
  BlockDevice: (found) => found.isBlockDevice(),
};

/** Checks that the host's path is of its type, and makes it where the type says so. Errors: `FailedMount`. */
export async function prepareHostPath(volume: string, path: string, type: string): Promise<string> {
  if (type === '') {
    // As Kubernetes does not look, what is not there is made a folder.
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error;
    });
    return path;
  }
  const fits = KINDS[type];
  if (fits === undefined) throw new VolumeError(volume, `hostPath type "${type}" is unknown: want one of ${Object.keys(KINDS).join(', ')}`);
  const found = await statIfThere(path);
  if (found !== undefined) {
    if (!fits(found)) throw new VolumeError(volume, `hostPath type check failed: ${path} is not a ${type.replace('OrCreate', '').toLowerCase()}`);
    return path;
  }
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
  else if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
  else throw new VolumeError(volume, `hostPath type check failed: ${path} does not exist`);
  return path;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
