import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { fromBytesText, makeFoldersBelow, type Owner, resolveBelow, toBytesText } from '#image';

/** `lstat`, or undefined where nothing is. */
export async function lstatMaybe(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** `resolveBelow` of text. Errors: `TREE_INVALID`. */
export async function resolveInRoot(root: string, path: string, { followLast = true } = {}): Promise<string> {
  return fromBytesText(resolveBelow(toBytesText(root), toBytesText(path), followLast));
}

/** `makeFoldersBelow` of text. Errors: `TREE_INVALID`. */
export async function makeFolders(root: string, path: string, owner: Owner): Promise<{ readonly path: string; readonly made: boolean }> {
  const { path: target, made } = makeFoldersBelow(toBytesText(root), toBytesText(path), owner);
  return { path: fromBytesText(target), made };
}
