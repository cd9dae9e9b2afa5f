import type { Linux } from '#linux';

/**
 * Where the container runtime needs a mount namespace of its own, unmounts of the data dir's overlays must reach it, or a later
 * mount finds its folders in use: the data dir is then bound onto itself and made shared. Elsewhere nothing is done.
 */
export async function shareDataDir({ cgroups, mounts }: Pick<Linux, 'cgroups' | 'mounts'>, dataDir: string): Promise<void> {
  if (!cgroups.hybridWithControllers) return;
  if ((await mounts.list()).some(({ target }) => target === dataDir)) return;
  mounts.mount({ source: dataDir, target: dataDir, flags: ['bind', 'shared'] });
}

/** Undoes it. */
export function unshareDataDir({ mounts }: Pick<Linux, 'mounts'>, dataDir: string): void {
  mounts.unmount(dataDir);
}
