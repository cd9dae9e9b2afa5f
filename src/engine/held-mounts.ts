import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import type { Linux } from '#linux';

/** Mounts that the engine holds for a run of a container, one folder each; the runtime binds them into it. */
export interface HeldMounts {
  readonly mounts: Linux['mounts'];
  readonly folder: string;
}

export const shmOf = (folder: string): string => join(folder, 'shm');

/** Shared memory that other containers may join. Mounting it again after a run that failed is fine. */
export async function holdShm({ mounts, folder }: HeldMounts, size_bytes: number): Promise<void> {
  const target = shmOf(folder);
  await releaseMount(mounts, target);
  await mkdir(target, { recursive: true, mode: 0o700 });
  mounts.mount({ source: 'shm', target, type: 'tmpfs', flags: ['nosuid', 'noexec', 'nodev'], options: `mode=1777,size=${size_bytes}` });
}

/** Binds what a path leads to now, whatever it is turned into afterwards. Answers where it is mounted. */
export async function holdBind({ mounts, folder }: HeldMounts, name: string, source: string): Promise<string> {
  const target = join(folder, name);
  await releaseMount(mounts, target);
  await mkdir(target, { recursive: true, mode: 0o700 });
  mounts.mount({ source, target, flags: ['bind', 'rec'] });
  return target;
}

/** Takes all of them away. Never removes more than empty folders: what is mounted belongs to others. */
export async function releaseHeld({ mounts, folder }: HeldMounts): Promise<void> {
  try {
    for (const name of await readdir(folder)) await releaseMount(mounts, join(folder, name));
    await rmdir(folder);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}

async function releaseMount(mounts: Linux['mounts'], target: string): Promise<void> {
  mounts.unmount(target);
  try {
    await rmdir(target);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
