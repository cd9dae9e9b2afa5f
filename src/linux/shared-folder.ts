import type { MountEntry, Mounts } from './types.ts';

/**
 * Makes the mounts and unmounts below a folder reach the mount namespaces that others copy from this one: it is bound onto
 * itself, and that mount is shared. Answers whether it is so now: no when something is mounted below already, which the
 * binding would hide. Doing it again is fine. `unshareFolder` undoes it.
 */
export async function shareFolder(mounts: Mounts, path: string): Promise<boolean> {
  const before = await mounts.list();
  const top = before.findLast(({ target }) => target === path);
  if (top !== undefined && top.shared && isOntoItself(before, top)) return true;
  if (before.some(({ target }) => target.startsWith(`${path}/`))) return false;
  mounts.mount({ source: path, target: path, flags: ['bind', 'shared'] });
  return true;
}

/** Takes the binding away; a folder that has none, or a disk that is mounted there, is left alone. */
export async function unshareFolder(mounts: Mounts, path: string): Promise<void> {
  const entries = await mounts.list();
  const top = entries.findLast(({ target }) => target === path);
  if (top !== undefined && isOntoItself(entries, top)) mounts.unmount(path);
}

/** A bind of a folder onto itself is on the device of the mount that it stands on. */
function isOntoItself(entries: readonly MountEntry[], entry: MountEntry): boolean {
  return entries.find(({ id }) => id === entry.parent)?.device === entry.device;
}
