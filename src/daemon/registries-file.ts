import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, writeDurable } from '#kit';
import type { HostPort } from './config.ts';

/** Where the user's registry entries stand (containers-registries.conf(5)). */
export const registriesFile = (dataDir: string) => join(dataDir, 'registries.conf');

const MARK = '# Written by Gantry at each start as long as this line stands; take it away to keep changes of your own.';

/** Which names mean the built-in registry: made at the first start, and kept up with the registry's address until somebody edits it. */
export async function writeRegistriesFile(dataDir: string, registry: HostPort): Promise<void> {
  const path = registriesFile(dataDir);
  const wanted = registriesText(registry);
  const found = await readIfThere(path);
  if (found === wanted || (found !== undefined && !found.startsWith(MARK))) return;
  await writeDurable(path, wanted);
}

/** Pure. */
export function registriesText({ host, port }: HostPort): string {
  const location = `${host.includes(':') ? `[${host}]` : host}:${port}/myregistry`;
  return `${MARK}
# The form is that of containers-registries.conf(5). Names that begin with myregistry/ are kept in the built-in registry.

[[registry]]
prefix = "docker.io/myregistry"
location = "${location}"
insecure = true
`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
