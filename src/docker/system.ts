import { chainIds } from '#image';
import type { Image } from '#image';
import { cacheView } from './build-cache.ts';
import { isDockers, networkByName } from './find.ts';
import { containerSummary } from './container-view.ts';
import type { Call } from './http.ts';
import { imageSummary } from './images-view.ts';
import type { Rooms } from './options.ts';
import { usedVolumes, volumeView } from './volumes.ts';

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

export async function info(call: Call, rooms: Rooms): Promise<void> {
  const { info: machine } = rooms;
  const containers = rooms.engine.containers.list(isDockers);
  const count = (...states: readonly string[]) => containers.filter((container) => states.includes(container.state.status)).length;
  call.json(200, {
    ID: machine.id,
    Containers: containers.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
    Images: (await rooms.images.list()).length,
    Driver: 'overlay2',
    DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: false,
    Debug: false,
    SystemTime: new Date(rooms.clock.now()).toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: machine.cgroupVersion,
    KernelVersion: machine.kernelVersion,
    OperatingSystem: machine.operatingSystem,
    OSType: 'linux',
    Architecture: machine.architecture === 'amd64' ? 'x86_64' : machine.architecture === 'arm64' ? 'aarch64' : machine.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: { IndexConfigs: {}, InsecureRegistryCIDRs: [], Mirrors: [] },
    NCPU: machine.cpus,
    MemTotal: machine.memory_bytes,
    GenericResources: null,
    DockerRootDir: machine.dataDir,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: machine.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: machine.version,
    Runtimes: { [machine.runtime]: { path: machine.runtime } },
    DefaultRuntime: machine.runtime,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    SecurityOptions: ['name=seccomp,profile=builtin'],
    Warnings: null,
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
  const used = usedVolumes(rooms);
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
    // -1: not measured.
    ...(wants('volume')
      ? { Volumes: rooms.engine.volumes.list().map((volume) => ({ ...volumeView(volume), UsageData: { RefCount: used.has(volume.name) ? 1 : 0, Size: -1 } })) }
      : {}),
    ...(wants('build-cache') ? { BuildCache: (await rooms.builder.entries()).map(cacheView) } : {}),
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
