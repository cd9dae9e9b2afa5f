import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';

/** The file's text, or undefined when it (or the whole group) is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return undefined;
    throw error;
  }
}

/** Writes one value; the file must be there already. */
export async function writeValue(path: string, value: string): Promise<void> {
  await writeFile(path, value, { flag: 'r+' });
}

/** Makes one folder; true when it is new. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Names of the groups right below. */
export async function subgroups(path: string): Promise<string[]> {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

/** The group and all below it, deepest first. */
export async function tree(path: string): Promise<string[]> {
  const below = await Promise.all((await subgroups(path)).map((name) => tree(join(path, name))));
  return [...below.flat(), path];
}

/** Process ids in the group and all below it. */
export async function processesBelow(path: string): Promise<number[]> {
  const texts = await Promise.all((await tree(path)).map((folder) => readIfThere(join(folder, 'cgroup.procs'))));
  return texts.flatMap((text) => (text ?? '').split('\n').filter(Boolean).map(Number)).filter((pid) => pid > 0);
}

/** Removes the empty group; false while it is in use. */
export async function removeFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return true;
    if (isSystemError(error, 'EBUSY')) return false;
    throw error;
  }
}

const NS_PER_TICK = 10_000_000;

/**
 * What a group's file says of processor time, and what all processors together have had, read one right after the other and in one go: with other
 * work between them, on a machine that is loaded, a share that is made of both would be of two different times.
 */
export function readWithMachine(path: string): { readonly text: string; readonly machine_cpu_ns: number } {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENODEV')) throw error;
  }
  return { text, machine_cpu_ns: machineCpu_ns(readFileSync('/proc/stat', 'utf8')) };
}

/** All states of all processors together (proc_stat(5)): the first eight fields of the first line. */
function machineCpu_ns(stat: string): number {
  const fields = (stat.split('\n', 1)[0] ?? '').split(/\s+/).slice(1, 9);
  return fields.reduce((sum, field) => sum + Number(field), 0) * NS_PER_TICK;
}
