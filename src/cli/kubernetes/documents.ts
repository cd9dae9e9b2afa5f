import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '#cluster/api';
import { isSystemError } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { openInput } from '../input.ts';
import type { Terminal } from '../terminal.ts';

/** The objects of files (YAML or JSON, several documents each), of the `.yaml`, `.yml` and `.json` files of folders, and of `-`. Errors: `COMMAND_FAILED`, `USAGE`. */
export async function readDocuments(paths: readonly string[], terminal: Terminal): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const path of paths)
    for (const file of await filesOf(path)) objects.push(...parseObjects(await readText(file, terminal), file === '-' ? 'standard input' : file));
  if (objects.length === 0) throw new CommandError(`There are no objects in ${paths.join(', ')}`);
  return objects;
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (path === '-') return [path];
  if (/^https?:\/\//.test(path)) throw new UsageError(`Cannot read ${path}: addresses are not read. Fetch it, and give the file or - for standard input`);
  const found = await stat(path).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) throw new CommandError(`Cannot read ${path}: there is no such file`, 1, { cause: error });
    throw error;
  });
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.(?:ya?ml|json)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

async function readText(path: string, terminal: Terminal): Promise<string> {
  return Buffer.concat(await (await openInput(path, terminal)).toArray()).toString('utf8');
}

/** Lists are taken apart; blank documents are none. Errors: `COMMAND_FAILED`, naming the document. */
export function parseObjects(text: string, origin: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text);
  // Without any document the parser answers an empty list of its own kind.
  return Array.from(documents).flatMap((document, index) => {
    const [error] = document.errors;
    if (error) throw new CommandError(`Cannot read ${origin}, document ${index + 1}: ${error.message.trim()}`, 1, { cause: error });
    return objectsIn(document.toJS(), `${origin}, document ${index + 1}`);
  });
}

function objectsIn(value: unknown, where: string): readonly KubeObject[] {
  if (value === null || value === undefined) return [];
  // Each field is checked below.
  const { apiVersion, kind, metadata, items } = value as { apiVersion?: unknown; kind?: unknown; metadata?: { name?: unknown } | null; items?: unknown };
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw new CommandError(`Cannot use ${where}: it says no apiVersion or no kind`);
  if (kind.endsWith('List') && Array.isArray(items)) return items.flatMap((item, index) => objectsIn(item, `${where}, item ${index + 1}`));
  if (typeof metadata?.name !== 'string') throw new CommandError(`Cannot use ${where}: the ${kind} says no metadata.name`);
  return [value as KubeObject];
}
