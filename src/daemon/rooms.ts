import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine, type Engine, type OciRuntime, type RuntimePrograms } from '#engine';
import { type ImageStore, loadRegistries, openImageStore, type RemoteOptions, type Snapshots, type UnpackBounds, withSettings } from '#image';
import { createNetwork, type Network } from '#network';
import { ConfigError, StartError } from './errors.ts';
import { findProgram } from './doctor/index.ts';
import { registriesFile } from './registries-file.ts';
import { type EngineSettings, NO_SETTINGS } from './settings/types.ts';
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

/** How registries elsewhere are talked with. */
export function remoteOf(dataDir: string, settings: Pick<EngineSettings, 'remote' | 'proxies'>): RemoteOptions {
  return { ...settings.remote, proxies: settings.proxies, certificateFolders: ['/etc/docker/certs.d', join(dataDir, 'etc', 'certs.d')] };
}

/** Opens the image store of the data dir. */
export async function openImages(
  { dataDir, linux, clock, random, logger }: RoomOptions,
  settings: EngineSettings = NO_SETTINGS,
  bounds: Partial<UnpackBounds> = {},
): Promise<Images> {
  const registries = withSettings(await loadRegistries(registriesFile(dataDir)), settings.registries);
  const remote = remoteOf(dataDir, settings);
  const opened = await openImageStore({ dataDir: join(dataDir, 'images'), linux, clock, random, logger, registries, remote, bounds });
  return { images: opened.images, snapshots: opened.snapshots, [Symbol.asyncDispose]: () => opened.stop() };
}

/** The network of the daemon; nothing is done before its `start`. */
export function networkOf({ id, runDir, linux, clock, random, logger }: RoomOptions, serviceCidr?: string): Network {
  return createNetwork({ id, linux, runDir, clock, random, logger, ...(serviceCidr === undefined ? {} : { serviceCidr }) });
}

/** The engine over them; nothing is done before its `start`. */
export function engineOf(
  options: RoomOptions,
  rooms: { readonly images: Images; readonly network: Network; readonly programs: RuntimePrograms },
  settings: Pick<EngineSettings, 'bridge' | 'addressPools' | 'shutdownTimeout_seconds'> = {},
): Engine {
  const { bridge, addressPools, shutdownTimeout_seconds } = settings;
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
    ...(bridge === undefined ? {} : { bridge }),
    ...(addressPools === undefined ? {} : { addressPools }),
    ...(shutdownTimeout_seconds === undefined ? {} : { shutdownTimeout_seconds }),
  });
}

/**
 * The programs that containers run by. Errors: `PROGRAM_MISSING`, with the command that brings it; `CONFIG_INVALID` for a default runtime that
 * is none of them. Whoever only takes down does with those that are there (`lenient`).
 */
export async function findRuntime(
  path: string,
  settings: Pick<EngineSettings, 'runtimes' | 'defaultRuntime'>,
  { lenient = false }: { readonly lenient?: boolean } = {},
): Promise<RuntimePrograms> {
  const find = async (name: string) => {
    const found = await findProgram(name, path);
    if (found !== undefined) return found;
    throw new StartError('PROGRAM_MISSING', `Cannot start containers: ${name} is not installed. Bring it with "gantry doctor --fix"`);
  };
  const others = await findOthers(path, settings.runtimes, lenient);
  const fallback = settings.defaultRuntime ?? 'crun';
  const known = ['crun', ...others.map(({ name }) => name)];
  if (!known.includes(fallback))
    throw new ConfigError(`Cannot take "${fallback}" for default-runtime: the runtimes here are ${known.join(', ')}. Install it, or name it under runtimes`);
  return { crun: await find('crun'), conmon: await find('conmon'), others, fallback };
}

/** Those of the configuration, and runc where it is installed. */
async function findOthers(path: string, runtimes: EngineSettings['runtimes'], lenient: boolean): Promise<readonly OciRuntime[]> {
  const lists = await Promise.all(
    runtimes.map(async (runtime): Promise<readonly OciRuntime[]> => {
      const place = runtime.path.includes('/') ? runtime.path : await findProgram(runtime.path, path);
      if (place !== undefined && (await isExecutable(place))) return [{ ...runtime, path: place }];
      if (lenient) return [];
      throw new StartError(
        'PROGRAM_MISSING',
        `Cannot use the runtime ${runtime.name}: ${runtime.path} is not there or can't be executed. Install it, or take it out of runtimes`,
      );
    }),
  );
  const found = lists.flat();
  if (found.some(({ name }) => name === 'runc')) return found;
  const runc = await findProgram('runc', path);
  return runc === undefined ? found : [...found, { name: 'runc', path: runc, args: [] }];
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
