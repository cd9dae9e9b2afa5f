import { readFileSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError } from './errors.ts';

/**
 * Puts `content` in place of the file at `path` so that after a crash either the old or the new content is there,
 * whole: written aside, fsynced, renamed, and the folder fsynced.
 */
export async function writeDurable(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const aside = `${path}.new`;
  try {
    await writeSynced(aside, content, mode);
    await rename(aside, path);
  } catch (error) {
    // On a full disk the old content stays, and nothing beside it.
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeSynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes the file durably; a file that is not there is fine. */
export async function removeDurable(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** The parsed JSON of the file, or undefined when there is none. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The same on the spot, for a start that reads many before it serves anybody: several times as quick as one after the other in the background. */
export function readJsonNow(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
