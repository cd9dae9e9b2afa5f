import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { backupOf, openLmdbStore, type Restored, restoreLmdbStore } from '#cluster/store';
import { isSystemError } from '#kit';
import { openLinux } from '#linux';
import { askAtLength } from './control.ts';
import { ConfigError, StartError } from './errors.ts';
import { findDirs, type GivenDirs } from './find.ts';
import { readIdentity } from './identity.ts';
import { holderOf, takeLock } from './lock.ts';
import { storePath } from './store-path.ts';

export interface BackupOptions extends GivenDirs {
  readonly file: string;
}

/**
 * Writes all of the cluster's state at one revision into a file, whole or not at all: from the daemon where it runs, else from the data dir.
 * Errors: `NO_CLUSTER`, `ALREADY_RUNNING`.
 */
export async function backup(options: BackupOptions): Promise<void> {
  const { dataDir, runDir } = await findDirs(options);
  const file = resolve(options.file);
  const answer = await askAtLength(runDir, '/backup');
  if (answer === 'none') throw noCluster(`the daemon of ${dataDir} runs no API server that is ready`);
  if (answer !== undefined) return writeWhole(file, answer);
  const path = storePath(dataDir);
  await readIdentity(dataDir);
  if (!existsSync(path)) throw noCluster(`${dataDir} holds none, and no daemon answers there`);
  await using _lock = await takeLock(dataDir, openLinux().processes);
  const store = await openLmdbStore({ path });
  try {
    await writeWhole(file, backupOf(store));
  } finally {
    await store.close();
  }
}

/**
 * Makes the cluster's state in a data dir what a backup says; the daemon must be stopped. Clients that watched read anew.
 * Errors: `ALREADY_RUNNING`, `BACKUP_INVALID`, `NEWER_FORMAT`, `CONFIG_INVALID` for a file that can't be read.
 */
export async function restore(options: BackupOptions): Promise<Restored> {
  const { dataDir } = await findDirs(options);
  const { processes } = openLinux();
  await readIdentity(dataDir);
  const holder = await holderOf(dataDir, processes);
  if (holder !== undefined)
    throw new StartError('ALREADY_RUNNING', `Cannot restore into ${dataDir}: process ${holder.pid} runs there. Stop it with "kill ${holder.pid}" first`);
  const source = await open(resolve(options.file)).catch((error: unknown) => {
    throw new ConfigError(`Cannot read the backup ${options.file}: ${isSystemError(error, 'ENOENT') ? 'there is no such file' : String(error)}`, {
      cause: error,
    });
  });
  await using _source = source;
  await mkdir(dirname(storePath(dataDir)), { recursive: true, mode: 0o700 });
  await using _lock = await takeLock(dataDir, processes);
  return await restoreLmdbStore(storePath(dataDir), createInterface({ input: createReadStream('', { fd: source.fd, autoClose: false }), crlfDelay: 0 }));
}

/** Durable under its name when it resolves; only its owner may read it, since Secrets are in it. */
async function writeWhole(file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = `${file}.partial`;
  try {
    const target = await open(partial, 'w', 0o600);
    try {
      for await (const piece of content) await target.writeFile(piece);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function noCluster(why: string): StartError {
  return new StartError('NO_CLUSTER', `Cannot back up a cluster: ${why}. Name its data dir with --data-dir`);
}
