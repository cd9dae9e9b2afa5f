import { type ApiServerPart, apiServerPart } from './apiserver-part.ts';
import { type ClusterAccess, clusterAccess } from './cluster-access.ts';
import { controllersPart, schedulerPart } from './control-plane-parts.ts';
import { type EnginePart, enginePart } from './engine-part.ts';
import { type NetworkPart, networkPart } from './network-part.ts';
import { nodePart } from './node-part.ts';
import { registryPart } from './registry-part.ts';
import type { Ground } from './ground.ts';
import type { Part, PartOptions } from './types.ts';

export interface BuiltParts {
  /** In the order of their start. */
  readonly parts: readonly Part[];
  readonly engine: EnginePart | undefined;
  /** Writes the entries of the clients' files, once everything answers. */
  announce(): Promise<void>;
}

/** Wires the parts that the configuration names. */
export function buildParts(options: PartOptions, ground: Ground): BuiltParts {
  const { parts: chosen } = options.config;
  const { images, network } = ground;
  const engine = chosen.has('engine') && images && network ? enginePart(options, { room: ground.room, images, network }) : undefined;
  const registry = chosen.has('registry') && images ? [registryPart(options, images)] : [];
  const apiServer = chosen.has('apiserver') ? apiServerPart(options) : undefined;
  return {
    parts: [...(apiServer ? [apiServer] : []), ...(engine ? [engine] : []), ...registry, ...followers(options, ground, { apiServer, engine })],
    engine,
    async announce() {
      await apiServer?.announce();
      await engine?.announce();
    },
  };
}

interface Servers {
  readonly apiServer: ApiServerPart | undefined;
  readonly engine: EnginePart | undefined;
}

/** The parts that follow what the API server says. */
function followers(options: PartOptions, { images, network }: Ground, { apiServer, engine }: Servers): readonly Part[] {
  const { parts: chosen } = options.config;
  if (!(['controllers', 'scheduler', 'network', 'node'] as const).some((part) => chosen.has(part))) return [];
  const access: ClusterAccess = clusterAccess(options.config, apiServer);
  const pods: NetworkPart | undefined = chosen.has('network') && network ? networkPart(options, network, access) : undefined;
  return [
    ...(chosen.has('controllers') ? [controllersPart(options, access)] : []),
    ...(chosen.has('scheduler') ? [schedulerPart(options, access)] : []),
    ...(pods ? [pods] : []),
    ...(chosen.has('node') && pods && engine && images ? [nodePart(options, { engine, network: pods, images: images.images, access, apiServer })] : []),
  ];
}
