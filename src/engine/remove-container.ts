import { isLive, lastExit } from './container.ts';
import { stillRunning } from './errors.ts';
import { imageSnapshots } from './mount-sources.ts';
import { leaseOwner, pathsOf, type Rooms, settle, tell } from './rooms.ts';
import { endNow } from './stop-container.ts';
import type { Entry } from './table.ts';

/** Removes a container and every trace of it. Errors: `CONTAINER_RUNNING`. */
export async function removeContainer(rooms: Rooms, entry: Entry, options: { readonly force: boolean; readonly volumes: boolean }): Promise<void> {
  const isActive = () => isLive(entry.record.state) || entry.record.state.status === 'restarting';
  if (isActive()) {
    if (!options.force) throw stillRunning(entry.record.name);
    await endNow(rooms, entry);
  }
  await rooms.locks.run(entry.record.id, async () => {
    if (rooms.table.byId(entry.record.id) !== entry) return;
    if (isActive()) throw stillRunning(entry.record.name);
    await removeLocked(rooms, entry, options);
  });
}

/** Must hold the container's lock; nothing of it runs. The record goes first: the next start then removes what is left. */
export async function removeLocked(rooms: Rooms, entry: Entry, options: { readonly volumes: boolean }): Promise<void> {
  const { record } = entry;
  const paths = pathsOf(rooms, record);
  const exit = lastExit(record);
  entry.record = { ...record, state: { status: 'removing' } };
  try {
    if (!options.volumes) await letGoOfVolumes(rooms, record);
    await rooms.records.bury(record.id);
  } catch (error) {
    // On a full disk, say: it stays as it was.
    entry.record = record;
    throw error;
  }
  entry.beside?.[Symbol.dispose]();
  for (const session of entry.attaches.splice(0)) session.abandon();
  void rooms.chores.begin('a removed container left something, which the next start of the daemon removes', async () => {
    await Promise.all([rooms.images.release(leaseOwner(record.id)), rooms.records.remove(record.id)]);
  });
  for (const key of [paths.snapshot, ...imageSnapshots(record)]) await rooms.snapshots.remove(key);
  rooms.table.delete(record.id);
  if (options.volumes) await removeAnonymous(rooms, record);
  tell(rooms, entry, 'destroy');
  const result = { exitCode: exit?.exitCode ?? 0, ...(exit?.error === undefined ? {} : { error: exit.error }) };
  settle(entry, 'exit', result);
  settle(entry, 'removed', result);
}

async function letGoOfVolumes(rooms: Rooms, { id, mounts }: Entry['record']): Promise<void> {
  for (const { type, name } of mounts) if (type === 'volume' && name !== undefined) await rooms.volumes.letGo(name, id);
}

async function removeAnonymous(rooms: Rooms, { id, mounts }: Entry['record']): Promise<void> {
  const known = new Set(rooms.volumes.list().flatMap((volume) => (volume.anonymous ? [volume.name] : [])));
  for (const { type, name } of mounts) {
    if (type !== 'volume' || name === undefined || !known.has(name)) continue;
    const isUsed = rooms.table.all().some(({ record }) => record.mounts.some((mount) => mount.name === name));
    await (isUsed ? rooms.volumes.letGo(name, id) : rooms.volumes.remove(name, true));
  }
}
