import type { ContainerRecord } from './container.ts';
import { isLive } from './container.ts';
import { pathsOf, type Rooms, save } from './rooms.ts';
import type { Entry } from './table.ts';

/** So often a disk that was full is tried again. */
const AGAIN_MS = 2_000;

/**
 * For what has happened whether or not it can be put on record: it is so in memory at once, and on disk as soon as the disk takes it.
 * False when it is not there yet: then what the next start of the daemon would know it from must stay. Must hold the container's lock.
 */
export async function saveHappened(rooms: Rooms, entry: Entry, record: ContainerRecord): Promise<boolean> {
  try {
    await save(rooms, entry, record);
    return true;
  } catch (error) {
    rooms.logger.error('cannot put on record what happened to a container: it is tried again until the disk takes it', { id: record.id, error });
    entry.record = record;
    entry.isUnsaved = true;
    tryAgain(rooms, entry);
    return false;
  }
}

/** Puts on record what the disk had no room for. Must hold the container's lock. Errors: the disk still has none. */
export async function catchUp(rooms: Rooms, entry: Entry): Promise<void> {
  if (!entry.isUnsaved) return;
  await save(rooms, entry, entry.record);
  if (!isLive(entry.record.state)) await rooms.crun.forget(pathsOf(rooms, entry.record));
}

function tryAgain(rooms: Rooms, entry: Entry): void {
  const { id } = entry.record;
  const timer = rooms.clock.setTimer(AGAIN_MS, () => {
    const again = rooms.locks.run(id, async () => {
      if (rooms.isStopping() || rooms.table.byId(id) !== entry) return;
      await catchUp(rooms, entry);
    });
    again.catch((error: unknown) => {
      rooms.logger.debug('the disk is still full', { id, error });
      tryAgain(rooms, entry);
    });
  });
  timer.unref();
}
