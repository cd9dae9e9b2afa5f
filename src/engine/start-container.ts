import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#kit';
import { findInRoot, readInRoot } from '#image';
import { blockIoOf } from './block-io.ts';
import { type ContainerPaths, type ContainerRecord, ended, isLive, lastExit, type StoredEndpoint, started } from './container.ts';
import { alreadyPaused, beingRemoved, invalid, notRunning, StartError, startFailed } from './errors.ts';
import { holdShm, shmOf } from './held-mounts.ts';
import { givenDevices } from './machine.ts';
import { linkedTo, tellLinked } from './links.ts';
import { mountSources } from './mount-sources.ts';
import { hostsText, resolvConfText } from './name-files.ts';
import { pathsOf, type Rooms, save, settle, tell } from './rooms.ts';
import { catchUp, saveHappened } from './save-happened.ts';
import { settled } from './settled.ts';
import { ociSpec } from './spec/spec.ts';
import { type BoundFiles, DEFAULT_SHM_BYTES } from './spec/mounts.ts';
import { donorOf, type JoinedNamespaces, usesInit } from './spec/namespaces.ts';
import { type ResolvedUser, resolveUser } from './spec/user.ts';
import type { Entry } from './table.ts';
import type { NamespaceChoices } from './types.ts';

/** Within this time the runtime has put the process into its groups. */
const START_TAKES_MS = 40;

const QUEUES = '/dev/mqueue';

type Endpoints = Readonly<Record<string, StoredEndpoint>>;

/** Starts the container; one that runs already is fine. Fails whole. Must hold the container's lock. Errors: `CONTAINER_START_FAILED`, `PORT_IN_USE`, … */
export async function startContainer(rooms: Rooms, entry: Entry, options: { readonly byHand: boolean }): Promise<void> {
  const { state } = entry.record;
  if (state.status === 'running') return;
  if (state.status === 'paused') throw alreadyPaused(entry.record.id);
  if (state.status === 'removing' || state.status === 'dead') throw beingRemoved(entry.record.id);
  entry.beside?.[Symbol.dispose]();
  entry.beside = undefined;
  if (options.byHand) {
    entry.streak = 0;
    entry.record = { ...entry.record, stopRequested: false, restartCount: 0 };
  }
  await entry.aftermath;
  await catchUp(rooms, entry);
  const { record } = entry;
  rooms.warmth.keep(START_TAKES_MS);
  const startedAt_ms = rooms.clock.now();
  let endpoints: Endpoints = {};
  try {
    endpoints = rooms.wires.plan(record);
    await run(rooms, entry, endpoints, startedAt_ms);
  } catch (error) {
    await undo(rooms, entry, endpoints, error);
    throw error;
  }
  await tellLinked(rooms, entry);
  for (const name of Object.keys(endpoints)) rooms.networks.tellConnection('connect', rooms.networks.get(name), record.id);
  tell(rooms, entry, 'start');
  rooms.accompany(entry);
}

async function run(rooms: Rooms, entry: Entry, endpoints: Endpoints, startedAt_ms: number): Promise<void> {
  const { record } = entry;
  const paths = pathsOf(rooms, record);
  const namespace = rooms.wires.namespaceOf(record);
  const joined = joinedNamespaces(rooms, record);
  const [prepared, devices, blockIo] = await settled([
    prepare(rooms, record, paths, endpoints),
    givenDevices(record.spec.devices ?? []),
    blockIoOf(record.spec.resources ?? {}),
    rooms.wires.makeNamespace(record),
  ]);
  // Names of containers lead here as soon as the record says so. The process waits until all of this is there.
  entry.record = { ...record, endpoints };
  const [pid, ports] = await settled([
    rooms.crun.create(
      record,
      paths,
      ociSpec({
        record,
        rootfs: prepared.root,
        cgroupsPath: `/${paths.cgroup}`,
        user: prepared.user,
        ...(namespace === undefined ? {} : { networkNamespace: namespace }),
        joined,
        linked: linkedTo(rooms, record).environment,
        givenDevices: devices,
        ...(blockIo === undefined ? {} : { blockIo }),
        files: prepared.files,
        machine: rooms.machine(),
        hostDevices: rooms.hostDevices(),
      }),
    ),
    rooms.wires.publish(record, endpoints),
    rooms.wires.join(record, endpoints),
    prepared.embeddedNames ? rooms.wires.serveNames(entry) : Promise.resolve(),
  ]);
  const startTime = await rooms.linux.processes.startTime(pid);
  if (startTime === undefined) throw startFailed(record.name, 500, 'its process ended before it was started', 128);
  await connectAttached(rooms, entry, paths);
  const running = started({ ...entry.record, endpoints, ports }, { pid, startTime, startedAt_ms });
  // It runs only once it is on record: after a crash `recover` lets go what is, and nothing of what is removed has ever run.
  await save(rooms, entry, running);
  await rooms.crun.start(record);
}

interface Prepared {
  readonly root: string;
  readonly user: ResolvedUser;
  readonly files: BoundFiles;
  readonly embeddedNames: boolean;
}

/** Mounts the root and writes the files that are bound into it. */
async function prepare(rooms: Rooms, record: ContainerRecord, paths: ContainerPaths, endpoints: Endpoints): Promise<Prepared> {
  const [{ root, user }, files, memory, sources] = await settled([
    prepareRoot(rooms, record, paths),
    nameFiles(rooms, record, paths, endpoints),
    sharedMemory(rooms, record, paths),
    mountSources(rooms, record, paths),
    mkdir(paths.bundle, { recursive: true, mode: 0o700 }),
    // A start that failed may have left one.
    rm(paths.exitFile, { force: true }),
  ]);
  const { initPath } = rooms.machine();
  return {
    root,
    user,
    files: { ...files.bound, ...memory, sources, ...(usesInit(record.spec) && initPath !== undefined ? { initPath } : {}) },
    embeddedNames: files.embedded,
  };
}

/** The namespaces of other containers that it joins. Errors: `CONTAINER_NOT_RUNNING`, `ENGINE_INVALID`. */
function joinedNamespaces(rooms: Rooms, { spec }: ContainerRecord): JoinedNamespaces {
  const path = (choice: NamespaceChoices['ipc'], name: string) => {
    const donor = donorOf(choice);
    if (donor === undefined) return {};
    const { state, id, spec: other } = rooms.table.find(donor).record;
    if (!isLive(state)) throw notRunning(id);
    if (name === 'ipc' && other.namespaces?.ipc !== 'shareable')
      throw invalid('IPC mode', `cannot join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
    return { [name]: `/proc/${state.pid}/ns/${name}` };
  };
  return { ...path(spec.namespaces?.pid, 'pid'), ...path(spec.namespaces?.ipc, 'ipc') };
}

/** Shared memory that others may join stands outside of the container; so does what it joins itself. */
async function sharedMemory(rooms: Rooms, { spec }: ContainerRecord, paths: ContainerPaths): Promise<Pick<BoundFiles, 'shm' | 'queues'>> {
  const ipc = spec.namespaces?.ipc;
  if (ipc === 'host') return existsSync(QUEUES) ? { queues: QUEUES } : {};
  const donor = donorOf(ipc);
  if (donor !== undefined) return { shm: shmOf(pathsOf(rooms, rooms.table.find(donor).record).held) };
  if (ipc !== 'shareable') return {};
  await holdShm({ mounts: rooms.linux.mounts, folder: paths.held }, spec.shmSize_bytes ?? DEFAULT_SHM_BYTES);
  return { shm: shmOf(paths.held) };
}

async function prepareRoot(rooms: Rooms, record: ContainerRecord, paths: ContainerPaths): Promise<{ readonly root: string; readonly user: ResolvedUser }> {
  const root = await rooms.snapshots.mount(paths.snapshot);
  const [user] = await settled([findUser(root, record.process.user, record.spec.groups ?? []), makeFolder(root, record.process.workingDirectory)]);
  return { root, user };
}

async function nameFiles(
  rooms: Rooms,
  record: ContainerRecord,
  paths: ContainerPaths,
  endpoints: Endpoints,
): Promise<{ bound: BoundFiles; embedded: boolean }> {
  const mode = record.spec.network;
  if (mode.kind === 'container') {
    const other = pathsOf(rooms, rooms.table.find(mode.id).record);
    return { bound: { hostname: other.hostname, hosts: other.hosts, resolvConf: other.resolvConf }, embedded: false };
  }
  if (mode.kind === 'namespace') {
    const { hosts, resolvConf } = mode;
    return {
      bound: { hostname: paths.hostname, ...(hosts === undefined ? {} : { hosts }), ...(resolvConf === undefined ? {} : { resolvConf }) },
      embedded: false,
    };
  }
  const resolv = resolvConfText(record, await rooms.wires.hostResolvConf(), {
    own: mode.kind === 'networks',
    userDefined: Object.keys(endpoints).some((name) => name !== 'bridge'),
  });
  await Promise.all([writeFile(paths.hosts, hostsText(record, endpoints, linkedTo(rooms, record).hosts)), writeFile(paths.resolvConf, resolv.text)]);
  // Users other than root read them, whatever the daemon's umask.
  await Promise.all([paths.hosts, paths.resolvConf, paths.hostname].map((path) => chmod(path, 0o644)));
  return { bound: { hostname: paths.hostname, hosts: paths.hosts, resolvConf: paths.resolvConf }, embedded: resolv.embedded };
}

export async function findUser(root: string, text: string, groups: readonly string[]): Promise<ResolvedUser> {
  const [passwd = '', group = ''] = await Promise.all([readInRoot(root, '/etc/passwd'), readInRoot(root, '/etc/group')]);
  return resolveUser(text, groups, { passwd, group });
}

/** The working directory is made where the image lacks it, as Docker does. */
async function makeFolder(root: string, path: string): Promise<void> {
  await using _found = await findInRoot(root, path, { followLast: true, make: true });
}

async function connectAttached(rooms: Rooms, entry: Entry, paths: ContainerPaths): Promise<void> {
  const sessions = entry.attaches.splice(0).filter((session) => !session.isOver);
  await Promise.all(sessions.map(async (session) => session.connect(await rooms.linux.sockets.connect(join(paths.bundle, 'attach')))));
}

/** Nothing half started stays; who waits is told why. */
async function undo(rooms: Rooms, entry: Entry, endpoints: Endpoints, error: unknown): Promise<void> {
  const { record } = entry;
  const paths = pathsOf(rooms, record);
  for (const session of entry.attaches.splice(0)) session.abandon();
  const results = await Promise.allSettled([rooms.crun.clean(record, paths), rooms.wires.release(record, endpoints)]);
  const unmounted = await Promise.allSettled([rooms.snapshots.unmount(paths.snapshot), rooms.volumes.releaseAll(record.id)]);
  for (const result of [...results, ...unmounted])
    if (result.status === 'rejected')
      rooms.logger.warn('a start that failed left something, which the next start removes', { id: record.id, error: result.reason });
  const exitCode = error instanceof StartError ? error.exitCode : 128;
  const startedAt_ms = lastExit(record)?.startedAt_ms ?? 0;
  const exit = { exitCode, oomKilled: false, startedAt_ms, finishedAt_ms: rooms.clock.now(), error: messageOf(error) };
  await saveHappened(rooms, entry, ended(entry.record, exit, false));
  settle(entry, 'exit', { exitCode, error: messageOf(error) });
}
