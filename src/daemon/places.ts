import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readJson, writeDurable } from '#kit';
import type { OciRuntime } from '#engine';
import type { Linux } from '#linux';
import type { DaemonConfig } from './config.ts';
import { type DockerContext, removeDockerContext } from './docker-context.ts';
import { removeKubeconfigEntry } from './kubeconfig.ts';
import { sharesDirs } from './shared-dirs.ts';

const FORMAT_VERSION = 1;
/** The API server's own measure. */
const REQUEST_TIMEOUT_MS = 60_000;

/** What the daemon made outside its own directories: so that `down` can undo it. */
export interface Places {
  /** The engine's socket, and the entry of Docker's client that leads to it. */
  readonly docker?: {
    readonly socket: string;
    /** Further ones. */
    readonly sockets?: readonly string[];
    readonly context?: DockerContext;
    /** What ends the containers. */
    readonly runtimes?: readonly OciRuntime[];
    readonly shutdownTimeout_seconds?: number;
  };
  /** The daemon's folders were bound onto themselves. */
  readonly sharedDirs?: true;
  /** Links, namespaces and rules were made. */
  readonly network?: true;
  readonly kubeconfig?: { readonly path: string; readonly name: string };
  /** How long the API server may take to stop, for the sake of those whom it serves. */
  readonly serving_ms?: number;
}

const pathOf = (dataDir: string) => join(dataDir, 'places.json');

/**
 * Remembers, before anything is made, what there will be to undo. What an earlier daemon left is remembered on; an entry in a client's
 * file that is not written again goes at once.
 */
export async function renewPlaces(config: DaemonConfig, linux: Pick<Linux, 'cgroups'>): Promise<void> {
  const before = await readPlaces(config.dataDir);
  const places = placesOf(config, linux);
  if (places.kubeconfig && before?.kubeconfig && !isDeepStrictEqual(before.kubeconfig, places.kubeconfig))
    await removeKubeconfigEntry(before.kubeconfig.path, before.kubeconfig.name);
  if (places.docker && before?.docker?.context && !isSameEntry(before.docker, places.docker))
    await removeDockerContext(before.docker.context, before.docker.socket);
  await writeDurable(pathOf(config.dataDir), JSON.stringify({ ...before, formatVersion: FORMAT_VERSION, ...places }));
}

function isSameEntry(one: NonNullable<Places['docker']>, other: NonNullable<Places['docker']>): boolean {
  return one.socket === other.socket && isDeepStrictEqual(one.context, other.context);
}

function placesOf(config: DaemonConfig, linux: Pick<Linux, 'cgroups'>): Places {
  const { listen, runtimes, shutdownTimeout_seconds } = config.settings;
  const sockets = listen.flatMap((place) => (place.kind === 'unix' ? [place.path] : []));
  const docker = {
    socket: config.dockerSocket,
    ...(sockets.length > 0 ? { sockets } : {}),
    ...(config.dockerContext ? { context: config.dockerContext } : {}),
    ...(runtimes.length > 0 ? { runtimes } : {}),
    ...(shutdownTimeout_seconds === undefined ? {} : { shutdownTimeout_seconds }),
  };
  return {
    ...(config.parts.has('engine') ? { docker } : {}),
    ...(config.parts.has('engine') && sharesDirs(linux) ? { sharedDirs: true } : {}),
    ...(config.parts.has('network') ? { network: true } : {}),
    ...(config.parts.has('apiserver') ? { kubeconfig: { path: config.kubeconfig, name: config.contextName }, serving_ms: patienceOf(config) } : {}),
  };
}

function patienceOf({ serving: { shutdownDelay_ms, limits } }: DaemonConfig): number {
  return shutdownDelay_ms + (limits.requestTimeout_ms ?? REQUEST_TIMEOUT_MS);
}

/** What the last daemon of that data dir remembered. */
export async function readPlaces(dataDir: string): Promise<Places | undefined> {
  // Written above only.
  return (await readJson(pathOf(dataDir))) as Places | undefined;
}
