import type { ApiServerPart } from './apiserver-part.ts';
import type { ClusterParts } from './cluster-parts.ts';
import { type EnginePart, enginePart } from './engine-part.ts';
import type { Ground } from './ground.ts';
import { type RegistryPart, registryPart } from './registry-part.ts';
import type { Part, PartOptions } from './types.ts';

export interface BuiltParts {
  /** In the order of their start. */
  readonly parts: readonly Part[];
  readonly engine: EnginePart | undefined;
  readonly registry: RegistryPart | undefined;
  readonly apiServer: ApiServerPart | undefined;
  /** Writes the entries of the clients' files, once everything answers. */
  announce(): Promise<void>;
}

const NO_CLUSTER: ClusterParts = { apiServer: undefined, followers: [] };

/** Wires the parts that the configuration names. Half of the program is the cluster's: it is loaded where there is one. */
export async function buildParts(options: PartOptions, ground: Ground): Promise<BuiltParts> {
  const { parts: chosen } = options.config;
  const { images, network } = ground;
  const engine = chosen.has('engine') && images && network ? enginePart(options, { room: ground.room, images, network }) : undefined;
  const registry = chosen.has('registry') && images ? registryPart(options, images) : undefined;
  const hasCluster = [...chosen].some((part) => part !== 'engine' && part !== 'registry');
  const { apiServer, followers } = hasCluster ? (await import('./cluster-parts.ts')).clusterParts(options, ground, engine) : NO_CLUSTER;
  return {
    parts: [...(apiServer ? [apiServer] : []), ...(engine ? [engine] : []), ...(registry ? [registry] : []), ...followers],
    engine,
    registry,
    apiServer,
    async announce() {
      await apiServer?.announce();
      await engine?.announce();
    },
  };
}
