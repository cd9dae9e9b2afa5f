import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { chmod, copyFile, lchown, lstat, lutimes, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildStepError } from './errors.ts';
import { lstatMaybe } from './root-path.ts';

/** How copied files shall look. */
export interface CopyLook {
  /** Undefined keeps the source's. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly mode: number | undefined;
}

/** Adds name, type, mode and content of everything under `path` to `hash`; times do not count, owners only where they are kept. */
export async function hashTree(hash: Hash, path: string, name: string, keepOwners: boolean): Promise<void> {
  const stat = await lstat(path);
  const owner = keepOwners ? `${stat.uid}:${stat.gid}` : '';
  hash.update(`${JSON.stringify([name, typeOf(stat, path), stat.isSymbolicLink() ? 0 : stat.mode & 0o7777, owner])}\n`);
  if (stat.isSymbolicLink()) hash.update(JSON.stringify(await readlink(path)));
  else if (stat.isFile()) hash.update(await hashFile(path));
  else for (const child of (await readdir(path)).sort()) await hashTree(hash, join(path, child), `${name}/${child}`, keepOwners);
}

async function hashFile(path: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest();
}

/** Copies a file, link or folder to `target`, whose parent exists. A folder is merged into one that is there; anything else is replaced. Links at the target are never followed. */
export async function copyTree(source: string, target: string, look: CopyLook): Promise<void> {
  const stat = await lstat(source);
  const type = typeOf(stat, source);
  const existing = await lstatMaybe(target);
  if (existing?.isDirectory() && type !== 'directory')
    throw new BuildStepError(`Cannot copy ${source.split('/').at(-1)}: a directory stands at its place in the image`);
  if (existing && !(existing.isDirectory() && type === 'directory')) await rm(target);
  if (type === 'directory') {
    if (!existing?.isDirectory()) await mkdir(target, 0o755);
    for (const child of await readdir(source)) await copyTree(join(source, child), join(target, child), look);
  } else if (type === 'link') await symlink(await readlink(source), target);
  else await copyFile(source, target);
  await lchown(target, look.owner?.uid ?? stat.uid, look.owner?.gid ?? stat.gid);
  if (type !== 'link') await chmod(target, look.mode ?? stat.mode & 0o7777);
  await lutimes(target, stat.atime, stat.mtime);
}

function typeOf(stat: Stats, path: string): 'file' | 'directory' | 'link' {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'link';
  throw new BuildStepError(`Cannot copy ${path.split('/').at(-1)}: devices, pipes and sockets are not copied`);
}
