import type { V1Pod } from '#cluster/api';
import { type ClusterClient, PODS } from '#cluster/client';
import {
  type ClusterDns,
  type ClusterPodNetwork,
  createClusterDns,
  createPodNetwork,
  createServiceProxy,
  createServiceState,
  type ServiceProxy,
  type ServiceState,
} from '#cluster/network';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Network, nthAddress } from '#network';
import type { ClusterAccess } from './cluster-access.ts';
import { nodeNameOf } from './node-name.ts';
import type { Part, PartOptions } from './types.ts';

export const CLUSTER_DOMAIN = 'cluster.local';
/** As its users know it: the tenth address of the Services. */
const DNS_HOST_NUMBER = 10;

export interface NetworkPart extends Part {
  /** They must have started. */
  pods(): ClusterPodNetwork;
  proxy(): ServiceProxy;
}

/** The Pods' network, the Services' rules and the cluster's DNS on this node. */
export function networkPart(options: PartOptions, network: Network, access: ClusterAccess): NetworkPart {
  const { config, identity, linux, logger } = options;
  const dnsAddress = nthAddress(config.serviceCidr, DNS_HOST_NUMBER);
  const dataDir = join(config.dataDir, 'node');
  const pods = createPodNetwork({
    network,
    podCidr: config.podCidr,
    bridge: `gtp${identity.id}`,
    clusterDnsAddress: dnsAddress,
    clusterDomain: CLUSTER_DOMAIN,
    dataDir,
    logger,
    connectTcp: (path, address, port) => linux.namespaces.connectTcp(path, address, port),
  });
  let client: ClusterClient | undefined;
  let wires: { readonly state: ServiceState; readonly proxy: ServiceProxy; readonly dns: ClusterDns } | undefined;
  const running = () => {
    if (wires === undefined) throw new TypeError('the Pod network has not started');
    return wires;
  };
  return {
    name: 'network',
    pods: () => pods,
    proxy: () => running().proxy,
    async start() {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      client = await access.client('system:kube-proxy', ['system:authenticated', 'system:nodes']);
      wires = makeWires(options, { network, client, pods, dnsAddress });
      await pods.start();
      await Promise.all([wires.proxy.start(), wires.dns.start()]);
    },
    async stop() {
      await Promise.all([wires?.proxy.stop(), wires?.dns.stop()]);
      await wires?.state.stop();
      await client?.close();
    },
    async health() {
      const { state, failure } = running().proxy.health();
      if (failure !== undefined) return { state: 'failed', reason: failure };
      return state === 'stopped' ? { state: 'failed', reason: 'it stopped' } : { state };
    },
  };
}

interface Rooms {
  readonly network: Network;
  readonly client: ClusterClient;
  readonly pods: ClusterPodNetwork;
  readonly dnsAddress: string;
}

function makeWires({ config, clock, random, logger }: PartOptions, { network, client, pods, dnsAddress }: Rooms) {
  const state = createServiceState({ client, clock, random, logger });
  const dns = { address: dnsAddress, target: pods.gateway };
  return {
    state,
    proxy: createServiceProxy({ state, network, clock, random, logger, nodeName: nodeNameOf(), dns, ending: () => endingPods(client) }),
    dns: createClusterDns({
      state,
      network,
      client,
      listen: pods.gateway,
      serviceAddress: dnsAddress,
      clusterDomain: CLUSTER_DOMAIN,
      cidrs: [config.podCidr, config.serviceCidr],
      logger,
    }),
  };
}

/** The Pods of this node that were asked to end, and have an address still. */
async function endingPods(client: ClusterClient): Promise<readonly { readonly uid: string; readonly address: string }[]> {
  const { items } = await client.resource<V1Pod>(PODS).list({ fieldSelector: `spec.nodeName=${nodeNameOf()}` });
  return items.flatMap(({ metadata, status }) =>
    metadata.deletionTimestamp !== undefined && metadata.uid !== undefined && status?.podIP ? [{ uid: metadata.uid, address: status.podIP }] : [],
  );
}
