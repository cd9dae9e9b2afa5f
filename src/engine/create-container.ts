import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { isSystemError } from '#kit';
import type { Image } from '#image';
import { findInRoot } from './archive/in-root.ts';
import type { ContainerRecord } from './container.ts';
import { parsePort } from './endpoints.ts';
import { invalid, nameInUse, nameInvalid, unsupported } from './errors.ts';
import { logBounds } from './logs/log-options.ts';
import { mergeHealth, mergeProcess } from './merge.ts';
import { chooseName } from './names.ts';
import { leaseOwner, pathsOf, type Rooms, tell, view } from './rooms.ts';
import { settled } from './settled.ts';
import { signalNumber } from './signals.ts';
import { donorOf, sharedHostname } from './spec/namespaces.ts';
import { warningsOf } from './spec/spec.ts';
import type { Container, ContainerId, ContainerSpec, MountSpec } from './types.ts';
import { copyUp } from './volumes.ts';

/** A client that creates a container to run it starts it within this time. */
const START_FOLLOWS_MS = 60;

type Mount = Container['mounts'][number];

/** Makes a container: record, writable layer, volumes. Fails whole. Errors: `IMAGE_UNKNOWN`, `CONTAINER_NAME_IN_USE`, `ENGINE_INVALID`, … */
export async function createContainer(rooms: Rooms, reserved: Set<string>, spec: ContainerSpec): Promise<Container> {
  if (spec.name !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(spec.name)) throw nameInvalid(spec.name);
  const isTaken = (candidate: string) => rooms.table.idOfName(candidate) !== undefined || reserved.has(candidate);
  if (spec.name !== undefined && isTaken(spec.name)) throw nameInUse(spec.name, rooms.table.idOfName(spec.name) ?? 'being created');
  const name = spec.name ?? chooseName(rooms.random, isTaken);
  reserved.add(name);
  rooms.warmth.keep(START_FOLLOWS_MS);
  try {
    const image = await rooms.images.resolve(spec.image);
    return await make(rooms, draft(rooms, spec, name, image), image);
  } finally {
    reserved.delete(name);
  }
}

/** The record before its mounts are known: everything that can be refused is refused here. */
function draft(rooms: Rooms, spec: ContainerSpec, name: string, image: Image): ContainerRecord {
  const config = image.config.config;
  const { network } = spec;
  if (network.kind === 'networks') for (const ref of Object.keys(network.endpoints)) rooms.networks.get(ref);
  if (network.kind !== 'networks' && (spec.publish?.length ?? 0) > 0)
    throw invalid('published port', `a container with network mode ${network.kind} has no ports to publish`);
  if (network.kind === 'container') rooms.table.find(network.id);
  for (const donor of [donorOf(spec.namespaces?.pid), donorOf(spec.namespaces?.ipc)]) if (donor !== undefined) rooms.table.find(donor);
  if (spec.init && rooms.machine().initPath === undefined) throw unsupported('init', 'no init program is on this machine; install tini or catatonit');
  logBounds(spec.log);
  const stopSignal = spec.stopSignal ?? config.StopSignal ?? 'SIGTERM';
  signalNumber(stopSignal);
  const id = rooms.random.hex(64);
  const exposed = [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...(spec.exposed ?? [])].map((port) => (port.includes('/') ? port : `${port}/tcp`)))];
  exposed.forEach(parsePort);
  const healthcheck = mergeHealth(spec.healthcheck, config.Healthcheck);
  const hostname = hostnameOf(rooms, spec, id);
  return {
    // A cast because a fresh random id is what the brand stands for.
    id: id as ContainerId,
    name,
    spec: { ...spec, labels: { ...config.Labels, ...spec.labels } },
    imageId: image.id,
    created_ms: rooms.clock.now(),
    state: { status: 'created' },
    process: mergeProcess(spec, config),
    mounts: [],
    warnings: warningsOf(spec, rooms.machine()),
    hostname,
    stopSignal,
    ...(healthcheck === undefined ? {} : { healthcheck }),
    exposed,
    restartCount: 0,
    stopRequested: false,
    endpoints: {},
    ports: [],
  };
}

function hostnameOf(rooms: Rooms, spec: ContainerSpec, id: string): string {
  if (spec.network.kind === 'container') return rooms.table.find(spec.network.id).record.hostname;
  return sharedHostname(spec) ?? spec.hostname ?? id.slice(0, 12);
}

async function make(rooms: Rooms, record: ContainerRecord, image: Image): Promise<Container> {
  const { spec } = record;
  const paths = pathsOf(rooms, record);
  const anonymous: string[] = [];
  try {
    await rooms.records.make(record.id);
    await settled([
      rooms.snapshots.prepare(paths.snapshot, image.id),
      rooms.images.lease(leaseOwner(record.id), image.id),
      spec.log?.driver === 'none' ? Promise.resolve() : makeLog(paths.log),
      writeFile(paths.hostname, `${record.hostname}\n`, { mode: 0o644 }),
    ]);
    const mounts = await makeMounts(rooms, record, image, anonymous);
    const whole = { ...record, mounts };
    await rooms.records.put(record.id, whole);
    const entry = rooms.table.add(whole);
    tell(rooms, entry, 'create');
    return view(rooms, entry);
  } catch (error) {
    const undo = [rooms.records.remove(record.id), rooms.snapshots.remove(paths.snapshot), rooms.images.release(leaseOwner(record.id))];
    for (const result of await Promise.allSettled([...undo, ...anonymous.map((volume) => rooms.volumes.remove(volume, true))]))
      if (result.status === 'rejected')
        rooms.logger.warn('a half-made container left something, which the next start removes', { id: record.id, error: result.reason });
    throw error;
  }
}

async function makeLog(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '', { flag: 'a', mode: 0o640 });
}

/** Volumes are made and filled; the image's own volumes become anonymous ones where the user mounts nothing. */
async function makeMounts(rooms: Rooms, record: ContainerRecord, image: Image, anonymous: string[]): Promise<readonly Mount[]> {
  const asked = record.spec.mounts ?? [];
  const targets = new Set(asked.map(({ target }) => clean(target)));
  const own = Object.keys(image.config.config.Volumes ?? {}).filter((target) => !targets.has(clean(target)));
  const all: readonly MountSpec[] = [...asked, ...own.map((target) => ({ type: 'volume' as const, target, readOnly: false }))];
  if (targets.size < asked.length) throw invalid('mounts', `two of them have the same target: ${asked.map(({ target }) => target).join(', ')}`);
  const mounts: Mount[] = [];
  for (const mount of all) mounts.push(await makeMount(rooms, record, mount, anonymous));
  return mounts;
}

async function makeMount(rooms: Rooms, record: ContainerRecord, mount: MountSpec, anonymous: string[]): Promise<Mount> {
  const target = clean(mount.target);
  if (target === '/' || !mount.target.startsWith('/')) throw invalid('mount target', `"${mount.target}"; it must be an absolute path below /`);
  if (mount.type === 'tmpfs') return { type: 'tmpfs', source: '', target: mount.target, readOnly: false };
  if (mount.type === 'bind') {
    if (!mount.source.startsWith('/')) throw invalid('bind mount', `source "${mount.source}" must be an absolute path`);
    if (mount.makeSource && !(await isThere(mount.source))) await mkdir(mount.source, { recursive: true });
    else if (!(await isThere(mount.source))) throw invalid('mount config for type "bind"', `bind source path does not exist: ${mount.source}`);
    return { type: 'bind', source: mount.source, target: mount.target, readOnly: mount.readOnly };
  }
  const volume = await rooms.volumes.create(mount.source === undefined || mount.source === '' ? {} : { name: mount.source });
  if (!mount.source) anonymous.push(volume.name);
  if (!mount.noCopy) await fill(rooms, record, target, volume.mountpoint);
  return { type: 'volume', name: volume.name, source: volume.mountpoint, target: mount.target, readOnly: mount.readOnly };
}

async function fill(rooms: Rooms, record: ContainerRecord, target: string, mountpoint: string): Promise<void> {
  const { snapshot } = pathsOf(rooms, record);
  const root = await rooms.snapshots.mount(snapshot);
  try {
    await using found = await findInRoot(root, target, { followLast: true });
    if (found?.stats?.isDirectory()) await copyUp(`/proc/${process.pid}/fd/${found.folder.fd}/${found.name}`, mountpoint);
  } finally {
    await rooms.snapshots.unmount(snapshot);
  }
}

function clean(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return false;
    throw error;
  }
}
