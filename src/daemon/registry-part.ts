import { join } from 'node:path';
import { nodeHttp } from '#kit';
import { type CollectReport, createRegistry, type Registry } from '#registry';
import { type Images, remoteOf } from './rooms.ts';
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
      const { dataDir, registrySettings: settings } = config;
      const remote = remoteOf(dataDir, config.settings);
      const made = createRegistry({ images, dataDir: join(dataDir, 'registry'), clock, random, logger, remote, settings });
      await made.listen(config.registry);
      registry = made;
    },
    stop: async () => registry?.stop(),
    collect: async (how) => await registry?.collect(how),
    health: () => askRegistry(config.registry, config.registrySettings.tls !== undefined),
  };
}

/** Asks the registry as its clients do (OCI distribution, end-1): one that wants to know who asks answers too. */
async function askRegistry({ host, port }: HostPort, isEncrypted: boolean): Promise<PartHealth> {
  const { get } = isEncrypted ? await import('node:https') : nodeHttp();
  return new Promise((resolve) => {
    // Its certificate is for the name by which others reach it, and nothing is sent that others may not read.
    const tls = isEncrypted ? { rejectUnauthorized: false } : {};
    const asking = get({ host, port, path: '/v2/', timeout: PATIENCE_MS, agent: false, ...tls }, (response) => {
      response.resume();
      const { statusCode } = response;
      resolve(statusCode === 200 || statusCode === 401 ? { state: 'ready' } : { state: 'failed', reason: `it answers ${statusCode}` });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asking.on('error', (error) => resolve({ state: 'failed', reason: error.message }));
  });
}
