import { join } from 'node:path';
import { createRegistry, type Registry } from '#registry';
import { type Images, openImages } from './rooms.ts';
import type { Part, PartOptions } from './types.ts';

/** The registry over the image store. */
export function registryPart(options: PartOptions): Part {
  const { config, logger } = options;
  let images: Images | undefined;
  let registry: Registry | undefined;
  return {
    name: 'registry',
    async start() {
      images = await openImages(options);
      registry = createRegistry({ images: images.images, dataDir: join(config.dataDir, 'registry'), logger });
      await registry.listen(config.registry);
    },
    async stop() {
      await registry?.stop();
      await images?.[Symbol.asyncDispose]();
    },
    health: async () => ({ state: 'ready' }),
  };
}
