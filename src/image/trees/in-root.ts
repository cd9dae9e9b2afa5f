import { chmodSync, lchownSync, mkdirSync, readlinkSync } from 'node:fs';
import { treeInvalid } from '../errors.ts';
import { lookUp, pathBytes } from '../tar/files.ts';
import type { Owner } from './types.ts';

const LINKS_MAX = 255;

/**
 * The path of `path` inside of `root`, every link followed as if `root` were `/`, so that none leads out of it; all latin1 text. What is
 * not there yet is taken literally. Nobody else may write in `root` meanwhile.
 */
export function resolveBelow(root: string, path: string, followLast: boolean): string {
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
    const here = [root, ...done, part].join('/');
    const isLast = pending.every((rest) => rest === '' || rest === '.');
    const stats = isLast && !followLast ? undefined : lookUp(pathBytes(here));
    if (!stats?.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    if ((links += 1) > LINKS_MAX) throw treeInvalid(path, 'there are too many levels of symbolic links');
    const target = readlinkSync(pathBytes(here), 'latin1');
    if (target.startsWith('/')) done.length = 0;
    pending.push(...target.split('/').reverse());
  }
  return done.length === 0 ? root : [root, ...done].join('/');
}

/** `mkdir -p` inside of `root`: new folders have the mode and the owner. Answers the path, and whether anything was made. */
export function makeFoldersBelow(root: string, path: string, owner: Owner, mode = 0o755): { readonly path: string; readonly made: boolean } {
  const target = resolveBelow(root, path, true);
  const missing: string[] = [];
  let current = target;
  let stats = lookUp(pathBytes(current));
  while (stats === undefined && current !== root) {
    missing.unshift(current);
    current = current.slice(0, current.lastIndexOf('/'));
    stats = lookUp(pathBytes(current));
  }
  if (stats?.isDirectory() !== true) throw treeInvalid(current.slice(root.length), 'it is no folder, and something is to be put into it');
  for (const folder of missing) {
    mkdirSync(pathBytes(folder), 0o755);
    lchownSync(pathBytes(folder), owner.uid, owner.gid);
    if (mode !== 0o755) chmodSync(pathBytes(folder), mode);
  }
  return { path: target, made: missing.length > 0 };
}
