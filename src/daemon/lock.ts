import { readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import type { Processes } from '#linux';
import { StartError } from './errors.ts';

/** Who holds a data dir. A process id alone may be reused; with the start time it is sure. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

const nameOf = (dataDir: string) => join(dataDir, 'daemon.lock');

/** The living process that holds the data dir, if one does. */
export async function holderOf(dataDir: string, processes: Pick<Processes, 'startTime'>): Promise<Holder | undefined> {
  const text = await readlink(nameOf(dataDir)).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  // A lock is made by this file only.
  const holder = JSON.parse(text) as Holder;
  return (await processes.startTime(holder.pid)) === holder.startTime ? holder : undefined;
}

/**
 * Takes the data dir for this process. The lock is a symbolic link that leads nowhere: it is made whole or not at all, and needs no
 * room on a disk that is full. Errors: `ALREADY_RUNNING`, with the holder's process id.
 */
export async function takeLock(dataDir: string, processes: Pick<Processes, 'startTime'>): Promise<AsyncDisposable> {
  const mine = JSON.stringify({ pid: process.pid, startTime: (await processes.startTime(process.pid)) ?? '' });
  for (;;) {
    try {
      await symlink(mine, nameOf(dataDir));
      return { [Symbol.asyncDispose]: () => rm(nameOf(dataDir), { force: true }) };
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      const holder = await holderOf(dataDir, processes);
      if (holder !== undefined) {
        throw new StartError(
          'ALREADY_RUNNING',
          `Cannot start on ${dataDir}: process ${holder.pid} already runs there. Stop it with "gantry down --data-dir ${dataDir}", or use another --data-dir`,
        );
      }
      await rm(nameOf(dataDir), { force: true });
    }
  }
}
