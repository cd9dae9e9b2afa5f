import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBuilder } from '#build';
import { createDockerApi } from '#docker';
import { createEngine } from '#engine';
import { type ImageRunConfig, NO_REGISTRIES, openImageStore, parseReference } from '#image';
import { createLogger, systemClock, systemRandom } from '#kit';
import { openLinux } from '#linux';
import { createNetwork } from '#network';
import { createRegistry } from '#registry';
import { closePlace, makePlace } from '../../src/engine/engine.testing.ts';
import { createReadStream } from 'node:fs';

export interface DockerStack extends AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  /** `host:port`. */
  readonly registry: string;
}

const INFO = {
  id: 'test',
  version: '0.1.0',
  name: 'test',
  cgroupVersion: '1',
  kernelVersion: '6',
  operatingSystem: 'Linux',
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  cpus: 2,
  memory_bytes: 2 ** 30,
  swapLimit: true,
  cgroupNamespaces: true,
  debug: false,
  runtimes: [],
  defaultRuntime: 'crun',
  labels: [],
  proxies: {},
  registries: { insecure: [], insecureNetworks: [], mirrors: [] },
  seccompProfile: 'builtin',
  addressPools: [],
  warnings: [],
} as const;

/** The Docker API over a real engine, image store, builder and registry, with an image `busybox`, in this process's namespaces. */
export async function startDockerStack(): Promise<DockerStack> {
  const place = makePlace();
  const logger = createLogger({ level: 'warn', clock: systemClock, write: (line) => void process.stderr.write(line) });
  const base = { clock: systemClock, random: systemRandom, logger, linux: openLinux() };
  const [dataDir, runDir] = [join(place.folder, 'data'), join(place.folder, 'run')];
  mkdirSync(runDir, { recursive: true });
  const store = await openImageStore({ ...base, dataDir: join(dataDir, 'images'), registries: NO_REGISTRIES });
  const network = createNetwork({ ...base, id: place.id, runDir });
  await network.start();
  const { images, snapshots } = store;
  const runtime = { crun: '/usr/bin/crun', conmon: '/usr/bin/conmon' };
  const engine = createEngine({ ...base, id: place.id, dataDir, runDir, network, images, snapshots, runtime });
  await engine.start();
  const config: ImageRunConfig = { Cmd: ['sh'], Env: ['PATH=/bin'] };
  await images.importTar(createReadStream(place.tar), { config, name: parseReference('busybox') });
  const builder = createBuilder({ ...base, engine, images, snapshots, dataDir });
  await builder.start();
  const api = createDockerApi({ ...base, engine, images, builder, info: { ...INFO, dataDir } });
  const socketPath = join(runDir, 'docker.sock');
  await api.listen({ kind: 'unix', path: socketPath });
  const registry = createRegistry({ ...base, images, dataDir: join(dataDir, 'registry') });
  const { address, port } = await registry.listen({ host: '127.0.0.1', port: 0 });
  return {
    folder: place.folder,
    socketPath,
    registry: `${address}:${port}`,
    async [Symbol.asyncDispose]() {
      await api.stop();
      await registry.stop();
      await builder.stop();
      await engine.stop();
      await network.stop();
      await store.stop();
      await closePlace(place);
    },
  };
}
