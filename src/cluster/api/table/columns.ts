import type { V1Endpoints, V1EndpointSlice, V1Service } from '../generated/types.ts';
import { ageColumn, type Column, column, list, nameColumn, selectorText } from './column.ts';

export const SERVICE: readonly Column[] = [
  nameColumn,
  column<V1Service>('Type', ({ spec }) => spec?.type ?? 'ClusterIP'),
  column<V1Service>('Cluster-IP', ({ spec }) => spec?.clusterIP || '<none>'),
  column<V1Service>('External-IP', externalText),
  column<V1Service>('Port(s)', ({ spec }) =>
    list((spec?.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)),
  ),
  ageColumn,
  column<V1Service>('Selector', ({ spec }) => selectorText(spec?.selector ? { matchLabels: spec.selector } : undefined), 1),
];

function externalText({ spec, status }: V1Service): string {
  if (spec?.type === 'ExternalName') return spec.externalName ?? '<none>';
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
  if (spec?.type === 'LoadBalancer') return [...balanced, ...(spec.externalIPs ?? [])].join(',') || '<pending>';
  return list(spec?.externalIPs ?? []);
}

const ENDPOINTS_SHOWN = 3;
function endpointsText({ subsets = [] }: V1Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => (ports.length === 0 ? [ip] : ports.map(({ port }) => `${ip}:${port}`))),
  );
  return all.length > ENDPOINTS_SHOWN ? `${all.slice(0, ENDPOINTS_SHOWN).join(',')} + ${all.length - ENDPOINTS_SHOWN} more...` : list(all);
}

export const ENDPOINTS: readonly Column[] = [nameColumn, column<V1Endpoints>('Endpoints', endpointsText), ageColumn];
export const ENDPOINT_SLICE: readonly Column[] = [
  nameColumn,
  column<V1EndpointSlice>('AddressType', ({ addressType }) => addressType),
  column<V1EndpointSlice>('Ports', ({ ports }) => list((ports ?? []).map(({ port }) => String(port ?? '*')))),
  column<V1EndpointSlice>('Endpoints', ({ endpoints }) => list((endpoints ?? []).flatMap(({ addresses }) => addresses))),
  ageColumn,
];
