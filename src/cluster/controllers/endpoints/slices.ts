import { createHash } from 'node:crypto';
import type { V1Endpoint, V1EndpointSlice, V1Pod, V1Service } from '#cluster/api';
import { controllerReference } from '../owners.ts';
import { isReady, isTerminal } from '../pods.ts';
import { type EndpointPort, portsOf } from './ports.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const ENDPOINTS_MAX = 100;
const NO_POD: V1Pod = { apiVersion: 'v1', kind: 'Pod', metadata: {} };
type Family = 'IPv4' | 'IPv6';

/** Whether this controller makes the endpoints of the Service; without a selector they are somebody else's. */
export function isManaged({ spec }: V1Service): boolean {
  return spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0;
}

/** Whether a Pod can take part: it has an address and has not ended. */
export function hasEndpoint(pod: V1Pod): boolean {
  return !isTerminal(pod) && addressesOf(pod).length > 0;
}

export function addressesOf({ status }: V1Pod): readonly string[] {
  const all = (status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return all.length > 0 ? all : status?.podIP ? [status.podIP] : [];
}

/** Pure: a Service's slices. A Pod that was told to end is no longer ready, though it may still serve. Names follow from the content's place. */
export function slicesOf(service: V1Service, pods: readonly V1Pod[], zoneOf: (node: string) => string | undefined): readonly V1EndpointSlice[] {
  return familiesOf(service).flatMap((family) => familySlices(service, family, pods, zoneOf));
}

function familiesOf({ spec }: V1Service): readonly Family[] {
  const families = (spec?.ipFamilies ?? []).filter((one): one is Family => one === 'IPv4' || one === 'IPv6');
  if (families.length > 0) return families;
  return spec?.clusterIP?.includes(':') ? ['IPv6'] : ['IPv4'];
}

function familySlices(service: V1Service, family: Family, pods: readonly V1Pod[], zoneOf: (node: string) => string | undefined): readonly V1EndpointSlice[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: V1Endpoint[] }>();
  for (const pod of pods.filter(hasEndpoint).toSorted(byAge)) {
    const addresses = addressesOf(pod).filter((address) => address.includes(':') === (family === 'IPv6'));
    const ports = portsOf(service, pod);
    if (addresses.length === 0 || (ports.length === 0 && (service.spec?.ports ?? []).length > 0)) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(service, pod, addresses.slice(0, 1), zoneOf));
    groups.set(key, group);
  }
  // A Service without Pods has one empty slice, so that all see that it is known.
  if (groups.size === 0) return [sliceOf(service, family, [], [], 0)];
  return [...groups.values()].flatMap(({ ports, endpoints }) => chunks(endpoints).map((chunk, index) => sliceOf(service, family, ports, chunk, index)));
}

function chunks(endpoints: readonly V1Endpoint[]): readonly V1Endpoint[][] {
  return Array.from({ length: Math.ceil(endpoints.length / ENDPOINTS_MAX) }, (_, index) => endpoints.slice(index * ENDPOINTS_MAX, (index + 1) * ENDPOINTS_MAX));
}

function byAge(a: V1Pod, b: V1Pod): number {
  return (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '');
}

function endpointOf(service: V1Service, pod: V1Pod, addresses: readonly string[], zoneOf: (node: string) => string | undefined): V1Endpoint {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const always = service.spec?.publishNotReadyAddresses === true;
  const serving = always || isReady(pod);
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName);
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return {
    addresses: [...addresses],
    conditions: { ready: always || (serving && !terminating), serving, terminating },
    ...(hostname !== undefined && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(zone === undefined ? {} : { zone }),
  };
}

function sliceOf(service: V1Service, family: Family, ports: readonly EndpointPort[], endpoints: V1Endpoint[], index: number): V1EndpointSlice {
  const { name = '', namespace } = service.metadata;
  // An empty slice stands where the one with Pods will: where targets are numbers, its ports are known without a Pod.
  const placePorts = endpoints.length === 0 ? portsOf(service, NO_POD) : ports;
  const place = createHash('sha256')
    .update(JSON.stringify([service.metadata.uid, family, placePorts, index]))
    .digest('hex');
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: family,
    metadata: {
      name: `${name}-${place.slice(0, 8)}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...service.metadata.labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER, ...(service.spec?.clusterIP === 'None' ? { [HEADLESS]: '' } : {}) },
      ownerReferences: [controllerReference(service)],
    },
    endpoints,
    ports: ports.map((port) => ({ ...port })),
  };
}
