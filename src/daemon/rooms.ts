import { join } from 'node:path';
import { createEngine, type Engine, type RuntimePrograms } from '#engine';
import { type ImageStore, loadRegistries, openImageStore, type Snapshots } from '#image';
import { createNetwork, type Network } from '#network';
import { StartError } from './errors.ts';
import { findProgram } from './doctor/index.ts';
import { registriesFile } from './registries-file.ts';
import type { PartOptions } from './types.ts';

/** The one image store, which everything that handles images shares. */
export interface Images extends AsyncDisposable {
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
}

/** What rooms of the lower floors are made from; `gantry down` has no more than this. */
export type RoomOptions = Pick<PartOptions, 'linux' | 'clock' | 'random' | 'logger'> & {
  readonly id: string;
  readonly dataDir: string;
  readonly runDir: string;
};

/** Opens the image store of the data dir. */
export async function openImages({ dataDir, linux, clock, random, logger }: RoomOptions): Promise<Images> {
  const registries = await loadRegistries(registriesFile(dataDir));
  const opened = await openImageStore({ dataDir: join(dataDir, 'images'), linux, clock, random, logger, registries });
  return { images: opened.images, snapshots: opened.snapshots, [Symbol.asyncDispose]: () => opened.stop() };
}

/** The network of the daemon; nothing is done before its `start`. */
export function networkOf({ id, runDir, linux, clock, random, logger }: RoomOptions, serviceCidr?: string): Network {
  return createNetwork({ id, linux, runDir, clock, random, logger, ...(serviceCidr === undefined ? {} : { serviceCidr }) });
}

/** The engine over them; nothing is done before its `start`. */
export function engineOf(options: RoomOptions, rooms: { readonly images: Images; readonly network: Network; readonly programs: RuntimePrograms }): Engine {
  const { images, network, programs } = rooms;
  const { id, runDir, linux, clock, random, logger } = options;
  return createEngine({
    id,
    dataDir: join(options.dataDir, 'engine'),
    runDir,
    linux,
    clock,
    random,
    logger,
    network,
    images: images.images,
    snapshots: images.snapshots,
    runtime: programs,
  });
}

/** Errors: `PROGRAM_MISSING`, with the command that brings it. */
export async function findRuntime(path: string): Promise<RuntimePrograms> {
  const find = async (name: string) => {
    const found = await findProgram(name, path);
    if (found !== undefined) return found;
    throw new StartError('PROGRAM_MISSING', `Cannot start containers: ${name} is not installed. Bring it with "gantry doctor --fix"`);
  };
  return { crun: await find('crun'), conmon: await find('conmon') };
}
