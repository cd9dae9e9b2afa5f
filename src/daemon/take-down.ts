import { realpath, rm } from 'node:fs/promises';
import { createLogger, eraseTree, systemClock, systemRandom } from '#kit';
import { type Linux, openLinux } from '#linux';
import { DEFAULT_PATH } from './config.ts';
import { removeDockerContext } from './docker-context.ts';
import { ConfigError } from './errors.ts';
import { findDirs, findStatus, type GivenDirs } from './find.ts';
import { readIdentity } from './identity.ts';
import { removeKubeconfigEntry } from './kubeconfig.ts';
import { holderOf, takeLock } from './lock.ts';
import { type Places, readPlaces } from './places.ts';
import { engineOf, findRuntime, networkOf, openImages, type RoomOptions } from './rooms.ts';
import { unshareDirs } from './shared-dirs.ts';

export interface DownOptions extends GivenDirs {
  readonly purge: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

const STOP_TIMEOUT_MS = 15_000;

/**
 * Ends the daemon if it runs and its containers, and takes network, sockets and the entries in the clients' files off the machine. One way for a living
 * and a killed daemon. Data stays, unless `purge`.
 */
export async function takeDown(options: DownOptions): Promise<void> {
  const { dataDir, runDir } = await findDirs(options);
  const { purge, say } = options;
  const identity = await readIdentity(dataDir);
  if (identity === undefined) {
    say(`nothing to take down: ${dataDir} was never used`);
    return;
  }
  const linux = openLinux();
  const places = await readPlaces(dataDir);
  await endDaemon(dataDir, linux.processes, { patience_ms: STOP_TIMEOUT_MS + (places?.serving_ms ?? 0), say });
  {
    await using _lock = await takeLock(dataDir, linux.processes);
    if (places?.docker || places?.network) await endContainers({ id: identity.id, dataDir, runDir, linux }, places, options);
    if (places?.kubeconfig) await removeKubeconfigEntry(places.kubeconfig.path, places.kubeconfig.name);
    if (places?.docker?.context) await removeDockerContext(places.docker.context, places.docker.socket);
    for (const socket of places?.docker ? [places.docker.socket, ...(places.docker.sockets ?? [])] : []) await rm(socket, { force: true });
    if (places?.sharedDirs) await unshareDirs(linux, { dataDir, runDir });
    await rm(runDir, { recursive: true, force: true });
  }
  say('down: nothing of the daemon is left on this machine but its data');
  if (purge) {
    say(`removing ${dataDir}: images, volumes and the cluster's state`);
    await checkUnmounted(linux, dataDir);
    await eraseTree(dataDir);
  } else say(`images, volumes and the cluster's state stay in ${dataDir}; "gantry up" finds them again`);
}

/** What is mounted below the data is somebody else's and must not be erased with it. Errors: `CONFIG_INVALID`. */
async function checkUnmounted({ mounts }: Pick<Linux, 'mounts'>, dataDir: string): Promise<void> {
  const real = await realpath(dataDir);
  const mounted = (await mounts.list()).find(({ target }) => target.startsWith(`${real}/`));
  if (mounted)
    throw new ConfigError(
      `Cannot remove ${dataDir}: ${mounted.source} is mounted on ${mounted.target}. Unmount it with "umount ${mounted.target}" and try again`,
    );
}

/** Ends what the daemon left running, and takes what it made in the kernel off the machine. */
async function endContainers(
  { id, dataDir, runDir, linux }: { readonly id: string; readonly dataDir: string; readonly runDir: string; readonly linux: Linux },
  { docker }: Places,
  { environment, say }: DownOptions,
): Promise<void> {
  const logger = createLogger({ level: 'warn', clock: systemClock, write: (line) => say(line.trimEnd()) });
  const room: RoomOptions = { id, dataDir, runDir, linux, clock: systemClock, random: systemRandom, logger };
  const network = networkOf(room);
  await using images = await openImages(room);
  const programs = await findRuntime(environment.PATH ?? DEFAULT_PATH, { runtimes: docker?.runtimes ?? [] }, { lenient: true });
  const { shutdownTimeout_seconds } = docker ?? {};
  await engineOf(room, { images, network, programs }, shutdownTimeout_seconds === undefined ? {} : { shutdownTimeout_seconds }).tearDown();
  await network.removeAll();
}

async function endDaemon(
  dataDir: string,
  processes: ReturnType<typeof openLinux>['processes'],
  { patience_ms, say }: { readonly patience_ms: number; readonly say: (line: string) => void },
): Promise<void> {
  const holder = await holderOf(dataDir, processes);
  if (holder === undefined) return;
  say(`stopping the daemon, process ${holder.pid}`);
  processes.signal(holder.pid, 'SIGTERM');
  try {
    await processes.waitGone(holder.pid, AbortSignal.timeout(patience_ms));
  } catch (error) {
    const alive = await findStatus({ dataDir, runDir: undefined }).catch(() => undefined);
    throw new ConfigError(
      `Cannot take down ${dataDir}: the daemon, process ${holder.pid}, did not stop within ${patience_ms / 1_000} s${alive ? ' and still answers' : ''}. End it with "kill -9 ${holder.pid}" and try again; nothing is lost by that`,
      { cause: error },
    );
  }
}
