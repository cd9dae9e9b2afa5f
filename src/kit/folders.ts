import { readdir } from 'node:fs/promises';
import { isSystemError } from './errors.ts';

/** The names in a folder, sorted; none where there is no such folder. Errors: the system's others. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return [];
    throw error;
  }
}
