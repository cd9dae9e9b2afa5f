import type { Container } from '#engine';
import { chainIds, type Image } from '#image';
import type { CacheEntry } from '#build';
import { cacheView } from './build-cache.ts';
import { containerSummary } from './container-view.ts';
import { badRequest } from './errors.ts';
import { isDockers, networkByName } from './find.ts';
import type { Call } from './http.ts';
import { imageSummary, sharedBytes } from './images-view.ts';
import type { Rooms } from './options.ts';
import { shaped } from './shapes.ts';
import { volumeUsers, volumeView } from './volumes.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];

/** What one kind takes: how many, how many of them in use, their bytes, and those that would be free without the unused. */
interface Usage {
  readonly items: readonly object[];
  readonly active: number;
  readonly total_bytes: number;
  readonly reclaimable_bytes: number;
}

/** `GET /system/df`: the lists that clients add up themselves, and from 1.52 on the sums. */
export async function diskUsage(call: Call, rooms: Rooms): Promise<void> {
  const types = call.minor < 42 ? [] : call.query.getAll('type').filter((type) => type !== '');
  for (const type of types) if (!TYPES.includes(type)) throw badRequest(`unknown object type: ${type} (known: ${TYPES.join(', ')})`);
  const wants = (type: string) => types.length === 0 || types.includes(type);
  const verbose = call.minor >= 52 && call.flag('verbose');
  const containers = rooms.engine.containers.list(isDockers);
  const images = await rooms.images.list();
  const [ofImages, ofContainers, ofVolumes] = [
    wants('image') ? imageUsage(images, containers, (image) => rooms.images.layerSizes(image), call.minor) : undefined,
    wants('container') ? await containerUsage(rooms, containers, images, call.minor) : undefined,
    wants('volume') ? await volumeUsage(rooms) : undefined,
  ];
  const ofBuilds = wants('build-cache') ? buildUsage(await rooms.builder.entries()) : undefined;
  const lists = {
    ...(ofImages && { LayersSize: ofImages.total_bytes, Images: ofImages.items }),
    ...(ofContainers && { Containers: ofContainers.items }),
    ...(ofVolumes && { Volumes: ofVolumes.items }),
    ...(ofBuilds && { BuildCache: ofBuilds.items, BuilderSize: ofBuilds.total_bytes }),
  };
  const sums = {
    ...(ofImages && { ImagesUsage: sumOf(ofImages, verbose) }),
    ...(ofContainers && { ContainersUsage: sumOf(ofContainers, verbose) }),
    ...(ofVolumes && { VolumesUsage: sumOf(ofVolumes, verbose) }),
    ...(ofBuilds && { BuildCacheUsage: sumOf(ofBuilds, verbose) }),
  };
  call.json(200, shaped('diskUsage', { ...(verbose ? {} : lists), ...sums }, call.minor));
}

function sumOf(usage: Usage, verbose: boolean): object {
  const { items, active, total_bytes, reclaimable_bytes } = usage;
  return {
    ActiveCount: active,
    TotalCount: items.length,
    Reclaimable: reclaimable_bytes,
    TotalSize: total_bytes,
    ...(verbose ? { Items: items } : {}),
  };
}

/** Each layer counts once, however many images have it. */
function imageUsage(images: readonly Image[], containers: readonly Container[], sizesOf: (image: Image) => readonly number[], minor: number): Usage {
  const users = (image: Image) => containers.filter(({ imageId }) => imageId === image.id).length;
  const bytesOf = (some: readonly Image[]) => {
    const layers = new Map(some.flatMap((image) => chainIds(image.config.rootfs.diff_ids).map((chain, index) => [chain, sizesOf(image)[index] ?? 0] as const)));
    return [...layers.values()].reduce((sum, size) => sum + size, 0);
  };
  const shared = sharedBytes(images, sizesOf);
  const used = images.filter((image) => users(image) > 0);
  const total = bytesOf(images);
  return {
    items: images.map((image) => ({ ...imageSummary(image, { containers: users(image), minor, shared_bytes: shared(image) }), Containers: users(image) })),
    active: used.length,
    total_bytes: total,
    reclaimable_bytes: total - bytesOf(used),
  };
}

async function containerUsage(rooms: Rooms, containers: readonly Container[], images: readonly Image[], minor: number): Promise<Usage> {
  const network = networkByName(rooms);
  const sizes = new Map<string, number>();
  for (const container of containers) sizes.set(container.id, await rooms.engine.containers.size(container.id));
  const isActive = ({ state }: Container) => ['running', 'paused', 'restarting'].includes(state.status);
  const bytesOf = (some: readonly Container[]) => some.reduce((sum, { id }) => sum + (sizes.get(id) ?? 0), 0);
  return {
    items: containers.map((container) => {
      const writable = sizes.get(container.id) ?? 0;
      const total = writable + (images.find((image) => image.id === container.imageId)?.size_bytes ?? 0);
      return containerSummary(container, rooms.clock.now(), { network, minor, sizes: { writable, total } });
    }),
    active: containers.filter(isActive).length,
    total_bytes: bytesOf(containers),
    reclaimable_bytes: bytesOf(containers.filter((container) => !isActive(container))),
  };
}

function buildUsage(entries: readonly CacheEntry[]): Usage {
  const bytesOf = (some: readonly CacheEntry[]) => some.reduce((sum, { record }) => sum + record.bytes, 0);
  return {
    items: entries.map(cacheView),
    active: entries.filter(({ inUse }) => inUse).length,
    total_bytes: bytesOf(entries),
    reclaimable_bytes: bytesOf(entries.filter(({ inUse }) => !inUse)),
  };
}

/** A size of -1: what the volume holds is somebody else's, and is not in the sums. */
async function volumeUsage(rooms: Rooms): Promise<Usage> {
  const users = volumeUsers(rooms);
  const measured = await Promise.all(
    rooms.engine.volumes.list().map(async (volume) => ({ volume, count: users.get(volume.name) ?? 0, size: await rooms.engine.volumes.size(volume.name) })),
  );
  const bytesOf = (some: typeof measured) => some.reduce((sum, { size }) => sum + Math.max(0, size), 0);
  return {
    items: measured.map(({ volume, count, size }) => ({ ...volumeView(volume), UsageData: { RefCount: count, Size: size } })),
    active: measured.filter(({ count }) => count > 0).length,
    total_bytes: bytesOf(measured),
    reclaimable_bytes: bytesOf(measured.filter(({ count }) => count === 0)),
  };
}
