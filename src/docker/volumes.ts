import { GantryError } from '#kit';
import type { Volume } from '#engine';
import { unsupported } from './errors.ts';
import { pruned } from './event-log.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import { PruneReport } from './prune-report.ts';
import { defined, Fields, isEmpty } from './json.ts';
import { checkVolumeName } from './mounts.ts';
import type { Rooms } from './options.ts';

export async function listVolumes(call: Call, rooms: Rooms): Promise<void> {
  const filters = new Filters(call.text('filters'), ['dangling', 'driver', 'label', 'name']);
  const dangling = filters.flag('dangling');
  const used = usedVolumes(rooms);
  const shown = rooms.engine.volumes
    .list()
    .filter(
      (volume) =>
        (dangling === undefined || dangling === !used.has(volume.name)) &&
        filters.any('driver', 'local') &&
        filters.labels(volume.labels) &&
        filters.some('name', (name) => volume.name.includes(name)),
    );
  call.json(200, { Volumes: shown.map(volumeView), Warnings: null });
}

export function usedVolumes(rooms: Rooms): ReadonlySet<string> {
  return new Set(rooms.engine.containers.list().flatMap((container) => container.mounts.flatMap((mount) => mount.name ?? [])));
}

export function volumeView(volume: Volume): object {
  return {
    CreatedAt: new Date(volume.created_ms).toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: 'local',
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: 'local',
  };
}

export async function inspectVolume(call: Call, rooms: Rooms): Promise<void> {
  call.json(200, volumeView(findVolume(rooms, call.parameter('name'))));
}

function findVolume(rooms: Rooms, name: string): Volume {
  try {
    return rooms.engine.volumes.get(name);
  } catch (error) {
    throw error instanceof GantryError && error.status === 404
      ? new GantryError('VOLUME_UNKNOWN', 404, `get ${name}: no such volume`, { cause: error })
      : error;
  }
}

export async function createVolume(call: Call, rooms: Rooms): Promise<void> {
  const fields = new Fields(await call.body());
  const name = fields.text('Name');
  if (name !== undefined) checkVolumeName(name);
  const driver = fields.text('Driver') ?? 'local';
  if (driver !== 'local') throw new GantryError('VOLUME_DRIVER_UNKNOWN', 404, `plugin "${driver}" not found: volumes here are of the driver local`);
  for (const field of ['DriverOpts', 'ClusterVolumeSpec']) if (!isEmpty(fields.any(field))) throw unsupported(`${field} of a volume`);
  const existing = rooms.engine.volumes.list().find((volume) => volume.name === name);
  call.json(201, volumeView(existing ?? (await rooms.engine.volumes.create(defined({ name, labels: fields.map('Labels') })))));
}

export async function deleteVolume(call: Call, rooms: Rooms): Promise<void> {
  const force = call.flag('force');
  const name = call.parameter('name');
  if (force && !rooms.engine.volumes.list().some((volume) => volume.name === name)) return call.empty(204);
  await rooms.engine.volumes.remove(findVolume(rooms, name).name, force);
  return call.empty(204);
}

export function pruneVolumes(call: Call, rooms: Rooms): Promise<void> {
  return PruneReport.of(call, (report) => pruneVolumesReporting(call, rooms, report));
}

async function pruneVolumesReporting(call: Call, rooms: Rooms, report: PruneReport): Promise<object> {
  const filters = new Filters(call.text('filters'), ['all', 'label', 'label!']);
  const all = call.minor < 42 || filters.flag('all') === true;
  const used = usedVolumes(rooms);
  const deleted: string[] = [];
  for (const volume of rooms.engine.volumes.list()) {
    if (used.has(volume.name) || !(all || volume.anonymous) || !filters.labels(volume.labels)) continue;
    try {
      await rooms.engine.volumes.remove(volume.name, false);
      deleted.push(volume.name);
      await report.gone(volume.name);
    } catch (error) {
      if (!(error instanceof GantryError) || error.status >= 500) throw error;
    }
  }
  // What a volume holds is not measured, so nothing is claimed of the space.
  rooms.events.tell(pruned('volume', 0));
  return { VolumesDeleted: deleted, SpaceReclaimed: 0 };
}
