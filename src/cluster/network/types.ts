import type { Duplex } from 'node:stream';
import type { V1EndpointSlice, V1Service } from '#cluster/api';
import type { ClusterClient, Informer } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import type { Cidr, IpAddress, Network } from '#network';

export interface PodNetworkOptions {
  readonly network: Network;
  /** The node's own part of the cluster's Pod addresses; the first of it is the gateway's. */
  readonly podCidr: Cidr;
  /** All Pods' addresses, on every node: between Pods no address is hidden. `podCidr` without it. */
  readonly clusterCidr?: Cidr;
  /** The bridge's link, at most 15 characters. */
  readonly bridge: string;
  /** Where the cluster's DNS answers Pods: the address of its Service. */
  readonly clusterDnsAddress: IpAddress;
  readonly clusterDomain: string;
  /** One record a Pod lies in `pod-network/` below it. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** A TCP connection made from inside the namespace at `path`: `linux.namespaces.connectTcp`. */
  readonly connectTcp: (path: string, address: IpAddress, port: number) => Promise<Duplex>;
}
/** The wires of the Pods of one node; what `cluster/node` asks for. */
export interface ClusterPodNetwork {
  /** The bridge's own address, where the cluster's DNS listens. */
  readonly gateway: IpAddress;
  /** Makes the bridge and reads the records. */
  start(): Promise<void>;
  add(pod: {
    readonly uid: string;
    readonly namespace: string;
    readonly name: string;
  }): Promise<{ readonly address: IpAddress; readonly namespacePath: string }>;
  remove(podUid: string): Promise<void>;
  status(podUid: string): Promise<{ readonly address: IpAddress; readonly namespacePath: string } | undefined>;
  list(): Promise<readonly string[]>;
  connect(podUid: string, port: number): Promise<Duplex>;
  servedConnections(podUid: string): Promise<number>;
  readonly dns: { readonly servers: readonly IpAddress[]; readonly clusterDomain: string };
  publish(podUid: string, ports: readonly HostPort[]): Promise<void>;
}
export interface HostPort {
  readonly hostPort: number;
  readonly hostAddress?: IpAddress;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** The cluster's Services and where they lead, shared by the proxy and the DNS. */
export interface ServiceState {
  readonly services: Informer<V1Service>;
  /** With the index `service`: `namespace/name`. */
  readonly slices: Informer<V1EndpointSlice>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceProxyOptions {
  readonly state: ServiceState;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeName: string;
  /**
   * Pods of this node that end already when the proxy starts: their processes may have been told to stop, though the slices still
   * count them in. None without it.
   */
  readonly ending?: () => Promise<readonly { readonly uid: string; readonly address: IpAddress }[]>;
  /** The Service address of the cluster's DNS, and where it really listens on this node. */
  readonly dns?: { readonly address: IpAddress; readonly target: IpAddress };
}
export interface ServiceProxy {
  /** Resolves when the Services that there are lead where they should. */
  start(): Promise<void>;
  /** Lets go: the rules stay. */
  stop(): Promise<void>;
  /** Takes a Pod that ends out of its Services; resolves when no rule sends it new connections, here and by what the cluster says. */
  drained(pod: { readonly uid: string; readonly address: IpAddress }): Promise<void>;
  health(): { readonly state: 'starting' | 'ready' | 'stopped'; readonly services: number; readonly failure?: string };
}

export interface ClusterDnsOptions {
  readonly state: ServiceState;
  readonly network: Network;
  readonly client: ClusterClient;
  /** Where to listen: the Pod bridge's own address. */
  readonly listen: IpAddress;
  /** The address of the Service `kube-system/kube-dns`. */
  readonly serviceAddress: IpAddress;
  readonly clusterDomain: string;
  /** Addresses whose names only the cluster knows: those of Pods and Services. */
  readonly cidrs: readonly Cidr[];
  readonly logger: Logger;
  /** Addresses of a name outside the cluster, for Services of type ExternalName; the machine's resolvers without it. */
  readonly resolveForeign?: (name: string) => Promise<readonly IpAddress[]>;
}
export interface ClusterDns {
  start(): Promise<void>;
  stop(): Promise<void>;
}
