import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import { writeValue } from './files.ts';
import type { Hierarchies } from './hierarchies.ts';

/** cgroup.procs takes 0 for the process that writes (cgroup-v2.rst, and version 1 alike). */
const MYSELF = '0';

/** Puts this process where it is already: the kernel takes the lock for moves all the same, and that is what takes long. */
export function createWarmUp(hierarchies: Hierarchies): () => Promise<void> {
  let file: Promise<string> | undefined;
  return async () => {
    file ??= ownProcs(hierarchies);
    try {
      await writeValue(await file, MYSELF);
    } catch (error) {
      // A group above this process's that it may not name, or one that was removed: the next move is then only slower.
      if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'EACCES') && !isSystemError(error, 'EBUSY') && !isSystemError(error, 'EOPNOTSUPP'))
        throw error;
      file = undefined;
    }
  };
}

async function ownProcs({ version, roots, unified }: Hierarchies): Promise<string> {
  const own = await readFile('/proc/self/cgroup', 'utf8');
  if (version === 2) return join(unified ?? '', ownGroup(own, '') ?? '', 'cgroup.procs');
  const [controller = '', root = ''] = [...roots].find(([name]) => name !== 'systemd') ?? [];
  return join(root, ownGroup(own, controller) ?? '', 'cgroup.procs');
}

/** The group of cgroups(7)'s text `ID:CONTROLLERS:PATH` in one hierarchy; no controller: that of version 2. Pure. */
export function ownGroup(text: string, controller: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, controllers = '', ...path] = line.split(':');
    if (controllers.split(',').includes(controller)) return path.join(':');
  }
  return undefined;
}
