import { join } from 'node:path';
import { readJson, writeDurable } from '#kit';
import type { Linux } from '#linux';
import type { DaemonConfig } from './config.ts';
import type { DockerContext } from './docker-context.ts';
import { sharesDirs } from './shared-dirs.ts';

const FORMAT_VERSION = 1;

/** What the daemon made outside its own directories: so that `down` can undo it. */
export interface Places {
  /** The engine's socket, and the entry of Docker's client that leads to it. */
  readonly docker?: { readonly socket: string; readonly context?: DockerContext };
  /** The daemon's folders were bound onto themselves. */
  readonly sharedDirs?: true;
  /** Links, namespaces and rules were made. */
  readonly network?: true;
  readonly kubeconfig?: { readonly path: string; readonly name: string };
}

const pathOf = (dataDir: string) => join(dataDir, 'places.json');

/** Remembers, before anything is made, what there will be to undo. */
export async function writePlaces(config: DaemonConfig, linux: Pick<Linux, 'cgroups'>): Promise<void> {
  const docker = { socket: config.dockerSocket, ...(config.dockerContext ? { context: config.dockerContext } : {}) };
  const places: Places = {
    ...(config.parts.has('engine') ? { docker } : {}),
    ...(config.parts.has('engine') && sharesDirs(linux) ? { sharedDirs: true } : {}),
    ...(config.parts.has('network') ? { network: true } : {}),
    ...(config.parts.has('apiserver') ? { kubeconfig: { path: config.kubeconfig, name: config.contextName } } : {}),
  };
  await writeDurable(pathOf(config.dataDir), JSON.stringify({ formatVersion: FORMAT_VERSION, ...places }));
}

/** What the last daemon of that data dir remembered. */
export async function readPlaces(dataDir: string): Promise<Places | undefined> {
  // Written above only.
  return (await readJson(pathOf(dataDir))) as Places | undefined;
}
