import type { Stats } from 'node:fs';
import { chown, lstat, mkdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import { BuildStepError } from '../errors.ts';

/** `lstat`, or undefined where nothing is. */
export async function lstatMaybe(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/**
 * The host's path of `path` inside `root`, every link followed as if `root` were `/`, so that none leads out of it. What does not exist
 * yet is taken literally. The last component is followed only when asked. Nobody else may write in `root` meanwhile.
 */
export async function resolveInRoot(root: string, path: string, { followLast = true } = {}): Promise<string> {
  const pending = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const last = pending.every((rest) => rest === '' || rest === '.');
    const stat = last && !followLast ? undefined : await lstatMaybe(here);
    if (!stat?.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    if ((links += 1) > 255) throw new BuildStepError(`Cannot resolve ${path}: too many levels of symbolic links`);
    const target = await readlink(here);
    if (target.startsWith('/')) done.length = 0;
    pending.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}

/** `mkdir -p` inside `root`; new folders belong to `owner` with mode 0755. Answers the host's path and whether anything was made. */
export async function makeFolders(root: string, path: string, owner: { uid: number; gid: number }): Promise<{ path: string; made: boolean }> {
  const target = await resolveInRoot(root, path);
  const missing: string[] = [];
  let current = target;
  for (let stat = await lstatMaybe(current); stat === undefined && current !== root; stat = await lstatMaybe(current)) {
    missing.unshift(current);
    current = join(current, '..');
  }
  const existing = await lstat(current);
  if (!existing.isDirectory()) throw new BuildStepError(`Cannot make the folder ${path}: ${current.slice(root.length)} is not a directory`);
  for (const folder of missing) {
    await mkdir(folder, 0o755);
    await chown(folder, owner.uid, owner.gid);
  }
  return { path: target, made: missing.length > 0 };
}
