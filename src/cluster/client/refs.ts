import type { ResourceRef } from '#cluster/api';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const of = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });

export const PODS = core('pods');
export const SERVICES = core('services');
export const ENDPOINTS = core('endpoints');
export const NAMESPACES = core('namespaces');
export const NODES = core('nodes');
export const CONFIG_MAPS = core('configmaps');
export const SECRETS = core('secrets');
export const SERVICE_ACCOUNTS = core('serviceaccounts');
export const EVENTS = core('events');
export const DEPLOYMENTS = of('apps', 'v1', 'deployments');
export const REPLICA_SETS = of('apps', 'v1', 'replicasets');
export const HORIZONTAL_POD_AUTOSCALERS = of('autoscaling', 'v2', 'horizontalpodautoscalers');
export const ENDPOINT_SLICES = of('discovery.k8s.io', 'v1', 'endpointslices');
export const LEASES = of('coordination.k8s.io', 'v1', 'leases');
export const POD_METRICS = of('metrics.k8s.io', 'v1beta1', 'pods');
export const NODE_METRICS = of('metrics.k8s.io', 'v1beta1', 'nodes');
