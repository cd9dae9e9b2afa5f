import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Builder, createBuilder } from '#build';
import { createDockerApi, type DockerApi, type ListenPlace } from '#docker';
import type { Engine } from '#engine';
import { nodeHttp } from '#kit';
import type { Network } from '#network';
import { writeDockerContext } from './docker-context.ts';
import { dockerInfo } from './docker-info.ts';
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
      const { settings } = config;
      const programs = await findRuntime(config.programPath, settings);
      engine = engineOf(rooms.room, { images, network, programs }, settings);
      await engine.start();
      builder = createBuilder({
        engine,
        images: images.images,
        snapshots: images.snapshots,
        dataDir: join(config.dataDir, 'engine'),
        programPath: config.programPath,
        cacheBytesMax: config.buildCacheMax_bytes,
        version: options.version,
        clock,
        random,
        logger,
      });
      await builder.start();
      const info = await dockerInfo(options, programs);
      api = createDockerApi({ engine, images: images.images, builder, clock, random, logger, info, defaults: settings.defaults });
      const own: ListenPlace = { kind: 'unix', path: config.dockerSocket, ...(settings.group === undefined ? {} : { group: settings.group }) };
      for (const place of [own, ...settings.listen]) {
        if (place.kind === 'unix') await mkdir(dirname(place.path), { recursive: true, mode: 0o711 });
        await api.listen(place);
      }
      for (const words of settings.warnings) logger.warn(words);
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
