import type { V1Service } from '../../generated/types.ts';
import { addressWarnings } from '../../validation/address-warnings.ts';
import { isHeadless } from './service-parts.ts';

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

/** What the writer of a Service should know: what is ignored, and what goes in time. */
export function serviceWarnings({ metadata, spec = {} }: V1Service): readonly string[] {
  const { type, clusterIPs = [], externalIPs = [], loadBalancerIP = '', sessionAffinity = 'None' } = spec;
  const isExternalName = type === 'ExternalName';
  const headless = type === 'ClusterIP' && isHeadless(spec);
  const hasAddresses = !isExternalName && !headless;
  const told: readonly (readonly [boolean, string])[] = [
    [headless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services'],
    [headless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services'],
    [headless && sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'],
  ];
  const later: readonly (readonly [boolean, string])[] = [
    [isExternalName && externalIPs.length > 0, 'spec.externalIPs is ignored when spec.type is "ExternalName"'],
    [!isExternalName && Boolean(spec.externalName), 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    [spec.trafficDistribution === 'PreferClose', 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ];
  return [
    ...(metadata.annotations?.[HINTS] === undefined ? [] : [`annotation ${HINTS} is deprecated, please use ${MODE} instead`]),
    ...(hasAddresses ? clusterIPs.flatMap((ip, index) => addressWarnings(`spec.clusterIPs[${index}]`, ip)) : []),
    ...those(told),
    ...externalIPs.flatMap((ip, index) => addressWarnings(`spec.externalIPs[${index}]`, ip)),
    ...(externalIPs.length > 0 && hasAddresses ? ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'] : []),
    ...(loadBalancerIP === '' ? [] : addressWarnings('spec.loadBalancerIP', loadBalancerIP)),
    ...those(later),
  ];
}

const those = (told: readonly (readonly [holds: boolean, words: string])[]) => told.filter(([holds]) => holds).map(([, words]) => words);
