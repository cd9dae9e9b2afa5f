import { join, resolve } from 'node:path';
import { askStatus } from './control.ts';
import { readIdentity } from './identity.ts';
import { DEFAULT_DATA_DIR, DEFAULT_RUN_DIR } from './config.ts';
import type { DaemonStatus } from './types.ts';

/** Directories as the command line gave them. */
export interface GivenDirs {
  readonly dataDir: string | undefined;
  readonly runDir: string | undefined;
}
export interface Dirs {
  readonly dataDir: string;
  readonly runDir: string;
}

/** The directories that are meant: the run dir is the one the data dir was last used with. */
export async function findDirs(given: GivenDirs): Promise<Dirs> {
  const dataDir = resolve(given.dataDir ?? DEFAULT_DATA_DIR);
  const runDir = given.runDir ?? (await readIdentity(dataDir))?.runDir ?? (given.dataDir === undefined ? DEFAULT_RUN_DIR : join(dataDir, 'run'));
  return { dataDir, runDir: resolve(runDir) };
}

/** What the daemon of those directories says; undefined when none runs. */
export async function findStatus(given: GivenDirs): Promise<DaemonStatus | undefined> {
  return askStatus((await findDirs(given)).runDir);
}
