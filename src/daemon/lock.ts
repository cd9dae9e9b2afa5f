import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, readJson } from '#kit';
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
  const record = await readJson(nameOf(dataDir));
  // A lock is written by this file only, whole, by link(2).
  const holder = record as Holder | undefined;
  if (holder === undefined) return undefined;
  return (await processes.startTime(holder.pid)) === holder.startTime ? holder : undefined;
}

/** Takes the data dir for this process. Errors: `ALREADY_RUNNING`, with the holder's process id. */
export async function takeLock(dataDir: string, processes: Pick<Processes, 'startTime'>): Promise<AsyncDisposable> {
  const mine = join(dataDir, `daemon.lock.${process.pid}`);
  await writeFile(mine, JSON.stringify({ pid: process.pid, startTime: (await processes.startTime(process.pid)) ?? '' }), { mode: 0o600 });
  try {
    for (;;) {
      try {
        await link(mine, nameOf(dataDir));
        break;
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
  } finally {
    await rm(mine, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(nameOf(dataDir), { force: true }) };
}
