import { chainIds } from '#image';
import type { Image } from '#image';
import { isDockers, networkByName } from './find.ts';
import { containerSummary } from './container-view.ts';
import type { Call } from './http.ts';
import { imageSummary } from './images-view.ts';
import type { Rooms } from './options.ts';
import { volumeUsers, volumeView } from './volumes.ts';

export const API_VERSION = '1.51';
export const API_VERSION_MIN = '1.24';

export async function ping(call: Call): Promise<void> {
  call.response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': 2,
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Builder-Version': '1',
    Swarm: 'inactive',
  });
  call.response.end(call.request.method === 'HEAD' ? undefined : 'OK');
}

export async function version(call: Call, rooms: Rooms): Promise<void> {
  const { info } = rooms;
  const common = { ApiVersion: API_VERSION, MinAPIVersion: API_VERSION_MIN, Os: 'linux', Arch: info.architecture, KernelVersion: info.kernelVersion };
  const details = { ...common, Experimental: 'false' };
  call.json(200, {
    Platform: { Name: 'Gantry' },
    Components: [{ Name: 'Engine', Version: info.version, Details: details }],
    Version: info.version,
    GitCommit: '',
    GoVersion: '',
    Experimental: false,
    BuildTime: '',
    ...common,
  });
}

/** `GET /system/df`. */
export async function diskUsage(call: Call, rooms: Rooms): Promise<void> {
  const types = call.query.getAll('type');
  const wants = (type: string) => types.length === 0 || types.includes(type);
  const containers = rooms.engine.containers.list(isDockers);
  const images = await rooms.images.list();
  const network = networkByName(rooms);
  const sizes = new Map<string, number>();
  if (wants('container')) for (const container of containers) sizes.set(container.id, await rooms.engine.containers.size(container.id));
  const users = volumeUsers(rooms);
  const volumes = wants('volume') ? rooms.engine.volumes.list() : [];
  const volumeSizes = await Promise.all(volumes.map(({ name }) => rooms.engine.volumes.size(name)));
  call.json(200, {
    ...(wants('image')
      ? {
          ...imageUsage(
            images,
            (image) => rooms.images.layerSizes(image),
            (image) => containers.filter(({ imageId }) => imageId === image.id).length,
          ),
        }
      : {}),
    ...(wants('container')
      ? {
          Containers: containers.map((container) =>
            containerSummary(container, rooms.clock.now(), network, {
              writable: sizes.get(container.id) ?? 0,
              total: (sizes.get(container.id) ?? 0) + (images.find((image) => image.id === container.imageId)?.size_bytes ?? 0),
            }),
          ),
        }
      : {}),
    // -1: what it holds is somebody else's.
    ...(wants('volume')
      ? {
          Volumes: volumes.map((volume, index) => ({
            ...volumeView(volume),
            UsageData: { RefCount: users.get(volume.name) ?? 0, Size: volumeSizes[index] ?? -1 },
          })),
        }
      : {}),
    ...(wants('build-cache') ? { BuildCache: [] } : {}),
  });
}

/** Each layer counts once, however many images have it. */
function imageUsage(images: readonly Image[], sizesOf: (image: Image) => readonly number[], users: (image: Image) => number) {
  const layers = new Map<string, { readonly size: number; readonly images: number }>();
  const chainsOf = (image: Image) => chainIds(image.config.rootfs.diff_ids);
  for (const image of images) {
    const sizes = sizesOf(image);
    for (const [index, chain] of chainsOf(image).entries()) layers.set(chain, { size: sizes[index] ?? 0, images: (layers.get(chain)?.images ?? 0) + 1 });
  }
  const shared = (image: Image) =>
    chainsOf(image).reduce((sum, chain) => {
      const layer = layers.get(chain);
      return sum + (layer !== undefined && layer.images > 1 ? layer.size : 0);
    }, 0);
  return {
    LayersSize: [...layers.values()].reduce((sum, { size }) => sum + size, 0),
    Images: images.map((image) => ({ ...imageSummary(image, users(image)), SharedSize: shared(image) })),
  };
}
