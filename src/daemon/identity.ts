import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, readJson, writeDurable } from '#kit';
import { StartError } from './errors.ts';

const FORMAT_VERSION = 1;

/** What a data dir says of itself. */
export interface Identity {
  /** Eight hexadecimal digits; everything the daemon makes on the machine carries them. */
  readonly id: string;
  /** Where it serves, so that `status` and `down` find it by the data dir alone. */
  readonly runDir: string;
}

/** Opens the data dir, made when it isn't there. Errors: `NEWER_FORMAT`, `RUN_DIR_CHANGED`. */
export async function openDataDir(dataDir: string, runDir: string, random: Random): Promise<Identity> {
  await mkdir(dataDir, { recursive: true, mode: 0o710 });
  const known = await readIdentity(dataDir);
  if (known !== undefined && known.runDir !== runDir && existsSync(known.runDir)) {
    throw new StartError(
      'RUN_DIR_CHANGED',
      `Cannot start ${dataDir} with --run-dir ${runDir}: what it last ran may still stand under ${known.runDir}. Take it down first with "gantry down --data-dir ${dataDir}", or start with --run-dir ${known.runDir}`,
    );
  }
  await mkdir(runDir, { recursive: true, mode: 0o711 });
  const identity = { id: known?.id ?? random.hex(8), runDir };
  if (known?.runDir !== runDir) await writeDurable(join(dataDir, 'daemon.json'), JSON.stringify({ formatVersion: FORMAT_VERSION, ...identity }));
  return identity;
}

/** The identity of a data dir that was used before. Errors: `NEWER_FORMAT`. */
export async function readIdentity(dataDir: string): Promise<Identity | undefined> {
  // Written by openDataDir only, whole or not at all.
  const record = (await readJson(join(dataDir, 'daemon.json'))) as ({ formatVersion: number } & Identity) | undefined;
  if (record !== undefined && record.formatVersion > FORMAT_VERSION) {
    throw new StartError(
      'NEWER_FORMAT',
      `Cannot use ${dataDir}: its format ${record.formatVersion} is newer than this program's ${FORMAT_VERSION}. Use the Gantry that wrote it, or another --data-dir`,
    );
  }
  return record;
}
