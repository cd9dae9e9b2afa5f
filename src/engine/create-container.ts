import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Image } from '#image';
import type { ContainerRecord } from './container.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { invalid, nameInUse, nameInvalid, unsupported } from './errors.ts';
import { checkLinks } from './links.ts';
import { logBounds } from './logs/log-options.ts';
import { makeMounts } from './make-mounts.ts';
import { mergeHealth, mergeProcess } from './merge.ts';
import { chooseName } from './names.ts';
import { newContainerId } from './new-id.ts';
import { parsePort } from './publishing.ts';
import { leaseOwner, pathsOf, type Rooms, tell, view } from './rooms.ts';
import { settled } from './settled.ts';
import { signalNumber } from './signals.ts';
import { donorOf, sharedHostname, usesInit } from './spec/namespaces.ts';
import { warningsOf } from './spec/spec.ts';
import type { Container, ContainerSpec } from './types.ts';

/** A client that creates a container to run it starts it within this time. */
const START_FOLLOWS_MS = 60;

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
  const endpoints = network.kind === 'networks' ? Object.entries(network.endpoints) : [];
  for (const [ref, endpoint] of endpoints) checkEndpoint(rooms.networks.get(ref), endpoint);
  if (network.kind !== 'networks' && (spec.publish?.length ?? 0) > 0)
    throw invalid('published port', `a container with network mode ${network.kind} has no ports to publish`);
  if (network.kind === 'container') rooms.table.find(network.id);
  checkLinks(rooms, spec);
  for (const { container } of spec.volumesFrom ?? []) rooms.table.find(container);
  for (const donor of [donorOf(spec.namespaces?.pid), donorOf(spec.namespaces?.ipc)]) if (donor !== undefined) rooms.table.find(donor);
  if (usesInit(spec) && rooms.machine().initPath === undefined)
    throw unsupported('init', 'no init program is on this machine; install the package catatonit or tini, then restart the daemon');
  logBounds(spec.log);
  const stopSignal = spec.stopSignal ?? config.StopSignal ?? 'SIGTERM';
  signalNumber(stopSignal);
  const id = newContainerId(rooms.random);
  const exposed = [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...(spec.exposed ?? [])].map((port) => (port.includes('/') ? port : `${port}/tcp`)))];
  exposed.forEach(parsePort);
  const healthcheck = mergeHealth(spec.healthcheck, config.Healthcheck);
  const hostname = hostnameOf(rooms, spec, id);
  const { runtime: asked, ...rest } = spec;
  const runtime = rooms.crun.runtimes.choose(asked);
  return {
    id,
    name,
    spec: { ...rest, labels: { ...config.Labels, ...spec.labels }, ...(runtime === undefined ? {} : { runtime }) },
    imageId: image.id,
    created_ms: rooms.clock.now(),
    state: { status: 'created' },
    process: mergeProcess(spec, config),
    mounts: [],
    warnings: [...warningsOf(spec, rooms.machine()), ...portWarnings(rooms, spec)],
    hostname,
    stopSignal,
    ...(healthcheck === undefined ? {} : { healthcheck }),
    ...(config.Shell === undefined ? {} : { shell: config.Shell }),
    exposed,
    restartCount: 0,
    stopRequested: false,
    endpoints: {},
    ports: [],
  };
}

/** Of networks that publish nothing: their containers have addresses of their own outside, or are not to be reached. */
function portWarnings(rooms: Rooms, { network, publish = [] }: ContainerSpec): readonly string[] {
  if (network.kind !== 'networks' || publish.length === 0) return [];
  const names = Object.keys(network.endpoints);
  const isPublishing = names.map((ref) => rooms.networks.get(ref)).some(({ driver, internal }) => driver === 'bridge' && !internal);
  return isPublishing
    ? []
    : [`Published ports are discarded: ${names.join(', ')} is no network by which ports are published, until the container joins another one`];
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
      spec.layers === undefined ? rooms.snapshots.prepare(paths.snapshot, image.id) : rooms.snapshots.prepareLayers(paths.snapshot, spec.layers),
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
