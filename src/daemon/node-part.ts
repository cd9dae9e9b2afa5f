import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { ClusterClient } from '#cluster/client';
import { createNodeAgent, type NodeAgent, openMachine } from '#cluster/node';
import type { ImageStore } from '#image';
import { KUBERNETES_VERSION } from './apiserver-part.ts';
import type { ApiServerPart } from './apiserver-part.ts';
import type { ClusterAccess } from './cluster-access.ts';
import type { EnginePart } from './engine-part.ts';
import { machineAddress } from './machine.ts';
import type { NetworkPart } from './network-part.ts';
import { nodeNameOf } from './node-name.ts';
import { podRuntime } from './pod-runtime.ts';
import type { Part, PartOptions } from './types.ts';

/** As many Pods as a kubelet takes by default. */
const PODS_MAX = 110;

export interface NodeRooms {
  readonly engine: EnginePart;
  readonly network: NetworkPart;
  readonly images: ImageStore;
  readonly access: ClusterAccess;
  /** The API server of this process, which asks the node for logs and the like. */
  readonly apiServer: ApiServerPart | undefined;
}

/** The node agent: Pods on the engine of this process. */
export function nodePart(options: PartOptions, rooms: NodeRooms): Part {
  const nodeName = nodeNameOf();
  let client: ClusterClient | undefined;
  let agent: NodeAgent | undefined;
  return {
    name: 'node',
    async start() {
      client = await rooms.access.client(`system:node:${nodeName}`, ['system:authenticated', 'system:nodes']);
      agent = await makeAgent(options, rooms, nodeName, client);
      rooms.apiServer?.connectNode(nodeName, agent.connection);
      await agent.start();
    },
    async stop() {
      rooms.apiServer?.disconnectNode(nodeName);
      await agent?.stop();
      await client?.close();
    },
    async health() {
      const found = agent?.health();
      if (found === undefined) return { state: 'starting' };
      const [lease] = Object.entries(found.failing).filter(([key]) => key === 'node');
      if (lease !== undefined) return { state: 'failed', reason: lease[1] };
      return found.state === 'stopped' ? { state: 'failed', reason: 'it stopped' } : { state: found.state };
    },
  };
}

async function makeAgent(options: PartOptions, rooms: NodeRooms, nodeName: string, client: ClusterClient): Promise<NodeAgent> {
  const { config, clock, random, logger, linux, version } = options;
  const pods = rooms.network.pods();
  return createNodeAgent({
    nodeName,
    client,
    runtime: podRuntime(rooms.engine.engine(), rooms.images, version),
    network: pods,
    machine: openMachine({ dataDir: join(config.dataDir, 'node'), random }),
    clock,
    random,
    logger,
    address: await machineAddress(linux),
    capacity: { cpu_millicores: cpus().length * 1000, memory_bytes: totalmem(), pods: PODS_MAX },
    version: `${KUBERNETES_VERSION}+gantry-${version}`,
    drained: (pod) => rooms.network.proxy().drained(pod),
  });
}
