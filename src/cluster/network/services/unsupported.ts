import type { V1Service } from '#cluster/api';

/** What a Service asks for that the rules do not do, in words. Pure. */
export function unsupported({ spec = {} }: V1Service): readonly string[] {
  return [
    ...(spec.externalTrafficPolicy === 'Local'
      ? ['spec.externalTrafficPolicy: Local is treated as Cluster: traffic from outside may reach Pods of other nodes']
      : []),
    ...(spec.loadBalancerSourceRanges?.length ? ['spec.loadBalancerSourceRanges: is not enforced'] : []),
    ...(spec.ipFamilies?.includes('IPv6') ? ['spec.ipFamilies: IPv6 is not supported'] : []),
  ];
}
