import { join } from 'node:path';
import { nodeHttp } from '#kit';
import { type CollectReport, createRegistry, type Registry } from '#registry';
import type { Images } from './rooms.ts';
import type { HostPort } from './config.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

const PATIENCE_MS = 2_000;

export interface RegistryPart extends Part {
  /** Undefined before it has started. */
  collect(options: { readonly dryRun: boolean }): Promise<CollectReport | undefined>;
}

/** The registry over the image store. */
export function registryPart({ config, clock, random, logger }: PartOptions, { images }: Images): RegistryPart {
  let registry: Registry | undefined;
  return {
    name: 'registry',
    async start() {
      const made = createRegistry({ images, dataDir: join(config.dataDir, 'registry'), logger, settings: config.registrySettings, clock, random });
      await made.listen(config.registry);
      registry = made;
    },
    stop: async () => registry?.stop(),
    collect: async (how) => await registry?.collect(how),
    health: () => askRegistry(config.registry),
  };
}

/** Asks the registry as its clients do (OCI distribution, end-1). */
function askRegistry({ host, port }: HostPort): Promise<PartHealth> {
  return new Promise((resolve) => {
    const asking = nodeHttp().get({ host, port, path: '/v2/', timeout: PATIENCE_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? { state: 'ready' } : { state: 'failed', reason: `it answers ${response.statusCode}` });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asking.on('error', (error) => resolve({ state: 'failed', reason: error.message }));
  });
}
