import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Builder, createBuilder } from '#build';
import { createDockerApi, type DockerApi, type DockerInfo } from '#docker';
import type { Engine } from '#engine';
import { nodeHttp } from '#kit';
import type { Network } from '#network';
import { writeDockerContext } from './docker-context.ts';
import { operatingSystem } from './machine.ts';
import { engineOf, findRuntime, type Images, type RoomOptions } from './rooms.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

const PATIENCE_MS = 2_000;

export interface EnginePart extends Part {
  /** It must have started. */
  engine(): Engine;
  /** Writes the client's context, once the socket answers. */
  announce(): Promise<void>;
}

/** Containers, builds and the Docker Engine API over them. */
export function enginePart(options: PartOptions, rooms: { readonly room: RoomOptions; readonly images: Images; readonly network: Network }): EnginePart {
  const { config, clock, random, logger } = options;
  const { images, network } = rooms;
  let [engine, builder, api]: [Engine | undefined, Builder | undefined, DockerApi | undefined] = [undefined, undefined, undefined];
  return {
    name: 'engine',
    async start() {
      engine = engineOf(rooms.room, { images, network, programs: await findRuntime(config.programPath) });
      await engine.start();
      builder = createBuilder({
        engine,
        images: images.images,
        snapshots: images.snapshots,
        dataDir: join(config.dataDir, 'engine'),
        programPath: config.programPath,
        cacheBytesMax: config.buildCacheMax_bytes,
        clock,
        random,
        logger,
      });
      await builder.start();
      api = createDockerApi({ engine, images: images.images, builder, clock, random, logger, info: await dockerInfo(options) });
      await mkdir(dirname(config.dockerSocket), { recursive: true, mode: 0o711 });
      await api.listen(config.dockerSocket);
    },
    engine() {
      if (engine === undefined) throw new TypeError('the engine has not started');
      return engine;
    },
    async announce() {
      if (config.dockerContext) await writeDockerContext(config.dockerContext, config.dockerSocket);
    },
    async stop() {
      await api?.stop();
      await builder?.stop();
      await engine?.stop();
    },
    health: () => ping(config.dockerSocket),
  };
}

async function dockerInfo({ config, identity, linux, version }: PartOptions): Promise<DockerInfo> {
  return {
    id: identity.id,
    version,
    dataDir: config.dataDir,
    name: hostname(),
    cgroupVersion: linux.cgroups.version === 2 ? '2' : '1',
    kernelVersion: release(),
    operatingSystem: await operatingSystem(),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    cpus: cpus().length,
    memory_bytes: totalmem(),
    runtime: 'crun',
  };
}

/** Asks the socket as its clients do. */
function ping(socketPath: string): Promise<PartHealth> {
  return new Promise((resolve) => {
    const asking = nodeHttp().request({ socketPath, path: '/_ping', timeout: PATIENCE_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? { state: 'ready' } : { state: 'failed', reason: `it answers ${response.statusCode}` });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asking.on('error', (error) => resolve({ state: 'failed', reason: error.message }));
    asking.end();
  });
}
