import { type Linux, shareFolder, unshareFolder } from '#linux';

/** The daemon's folders. */
interface Dirs {
  readonly dataDir: string;
  readonly runDir: string;
}

/** Whether the container runtime needs a mount namespace of its own here, which must then hear of the daemon's mounts. */
export function sharesDirs({ cgroups }: Pick<Linux, 'cgroups'>): boolean {
  return cgroups.hybridWithControllers;
}

/** Where that is so, makes mounts in the daemon's folders reach that namespace; elsewhere nothing is done. */
export async function shareDirs(linux: Pick<Linux, 'cgroups' | 'mounts'>, { dataDir, runDir }: Dirs): Promise<void> {
  if (!sharesDirs(linux)) return;
  for (const folder of [dataDir, runDir]) await shareFolder(linux.mounts, folder);
}

/** Undoes it. */
export async function unshareDirs({ mounts }: Pick<Linux, 'mounts'>, { dataDir, runDir }: Dirs): Promise<void> {
  for (const folder of [runDir, dataDir]) await unshareFolder(mounts, folder);
}
