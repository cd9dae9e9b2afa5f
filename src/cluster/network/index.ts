export { createClusterDns } from './dns/cluster-dns.ts';
export { createPodNetwork } from './pod-network.ts';
export { createServiceProxy } from './services/service-proxy.ts';
export { createServiceState, type ServiceStateOptions } from './services/service-state.ts';
export type * from './types.ts';
