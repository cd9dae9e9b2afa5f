import { type ApiServerPart, apiServerPart } from './apiserver-part.ts';
import { type ClusterAccess, clusterAccess } from './cluster-access.ts';
import { controllersPart, schedulerPart } from './control-plane-parts.ts';
import type { EnginePart } from './engine-part.ts';
import type { Ground } from './ground.ts';
import { type NetworkPart, networkPart } from './network-part.ts';
import { nodePart } from './node-part.ts';
import type { Part, PartOptions } from './types.ts';

/** The cluster's parts that the configuration names. */
export interface ClusterParts {
  readonly apiServer: ApiServerPart | undefined;
  /** Those that follow what the API server says, in the order of their start. */
  readonly followers: readonly Part[];
}

export function clusterParts(options: PartOptions, ground: Ground, engine: EnginePart | undefined): ClusterParts {
  const apiServer = options.config.parts.has('apiserver') ? apiServerPart(options) : undefined;
  return { apiServer, followers: followers(options, ground, { apiServer, engine }) };
}

interface Servers {
  readonly apiServer: ApiServerPart | undefined;
  readonly engine: EnginePart | undefined;
}

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
