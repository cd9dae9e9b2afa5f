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
  const used = volumeUsers(rooms);
  const shown = rooms.engine.volumes
    .list()
    .filter(
      (volume) =>
        (dangling === undefined || dangling === !used.has(volume.name)) &&
        filters.any('driver', 'local') &&
        filters.labels(volume.labels) &&
        filters.matches('name', volume.name),
    );
  call.json(200, { Volumes: shown.map(volumeView), Warnings: null });
}

/** How many containers have each volume among their mounts. */
export function volumeUsers(rooms: Rooms): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { mounts } of rooms.engine.containers.list())
    for (const name of new Set(mounts.flatMap((mount) => mount.name ?? []))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

export function volumeView(volume: Volume): object {
  return {
    CreatedAt: new Date(volume.created_ms).toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: 'local',
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: volume.options ?? null,
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
  if (!isEmpty(fields.any('ClusterVolumeSpec'))) throw unsupported('ClusterVolumeSpec of a volume');
  call.json(201, volumeView(await rooms.engine.volumes.create(defined({ name, labels: fields.map('Labels'), options: fields.map('DriverOpts') }))));
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
  const used = volumeUsers(rooms);
  const deleted: string[] = [];
  let freed = 0;
  for (const volume of rooms.engine.volumes.list()) {
    if (used.has(volume.name) || !(all || volume.anonymous) || !filters.labels(volume.labels)) continue;
    try {
      const size = await rooms.engine.volumes.size(volume.name);
      await rooms.engine.volumes.remove(volume.name, false);
      freed += Math.max(0, size);
      deleted.push(volume.name);
      await report.gone(volume.name);
    } catch (error) {
      if (!(error instanceof GantryError) || error.status >= 500) throw error;
    }
  }
  rooms.events.tell(pruned('volume', freed));
  return { VolumesDeleted: deleted, SpaceReclaimed: freed };
}
