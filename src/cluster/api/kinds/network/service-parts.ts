import { isDeepStrictEqual } from 'node:util';
import type { V1Service, V1ServiceSpec } from '../../generated/types.ts';

export const isHeadless = ({ clusterIPs }: V1ServiceSpec): boolean => clusterIPs?.length === 1 && clusterIPs[0] === 'None';
export const needsNodePorts = ({ type }: V1ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer';
export const needsHealthCheck = ({ type, externalTrafficPolicy }: V1ServiceSpec): boolean => type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
export const isExternallyReachable = (spec: V1ServiceSpec): boolean =>
  needsNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);

/** Fields that belonged to the former type go with it, unless the change speaks of them. */
export function dropWhatTypeLeft(service: V1Service, old: V1Service): void {
  if (service.spec === undefined || old.spec === undefined) return;
  const before = old.spec;
  const spec = { ...service.spec };
  service.spec = spec;
  const leave = (field: keyof V1ServiceSpec) => {
    if (isDeepStrictEqual(spec[field], before[field])) delete spec[field];
  };
  if (before.type !== 'ExternalName' && spec.type === 'ExternalName') {
    if (spec.clusterIP === before.clusterIP && isDeepStrictEqual(spec.clusterIPs, before.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    leave('ipFamilies');
    leave('ipFamilyPolicy');
    delete spec.internalTrafficPolicy;
  }
  if (needsNodePorts(before) && !needsNodePorts(spec)) {
    const kept = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    if ((spec.ports ?? []).every(({ nodePort }) => !nodePort || kept.has(nodePort))) spec.ports = spec.ports?.map(({ nodePort: _, ...port }) => port) ?? [];
  }
  if (needsHealthCheck(before) && !needsHealthCheck(spec)) leave('healthCheckNodePort');
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    leave('allocateLoadBalancerNodePorts');
    leave('loadBalancerClass');
  }
  if (isExternallyReachable(before) && !isExternallyReachable(spec)) leave('externalTrafficPolicy');
  if (spec.type !== 'LoadBalancer' && service.status?.loadBalancer?.ingress !== undefined) service.status = { ...service.status, loadBalancer: {} };
}
