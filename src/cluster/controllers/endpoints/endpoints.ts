import type { CoreV1EndpointPort, V1EndpointAddress, V1Endpoints, V1EndpointSubset, V1Pod, V1Service } from '#cluster/api';
import { isReady } from '../pods.ts';
import { portsOf } from './ports.ts';
import { addressesOf, hasEndpoint } from './slices.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';

/** Pure: the older form of the same, without Pods that were told to end. */
export function endpointsOf(service: V1Service, pods: readonly V1Pod[]): V1Endpoints {
  const { name = '', namespace, labels } = service.metadata;
  const subsets = subsetsOf(service, pods);
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [MANAGED_BY]: 'endpoint-controller', ...(service.spec?.clusterIP === 'None' ? { [HEADLESS]: '' } : {}) },
    },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

function subsetsOf(service: V1Service, pods: readonly V1Pod[]): V1EndpointSubset[] {
  const always = service.spec?.publishNotReadyAddresses === true;
  const subsets = new Map<string, { ports: CoreV1EndpointPort[]; ready: V1EndpointAddress[]; notReady: V1EndpointAddress[] }>();
  for (const pod of pods) {
    if (!hasEndpoint(pod) || (pod.metadata.deletionTimestamp !== undefined && !always)) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? { ports: ports.map(withoutEmptyName), ready: [], notReady: [] };
    (always || isReady(pod) ? subset.ready : subset.notReady).push(addressOf(service, pod));
    subsets.set(key, subset);
  }
  return [...subsets.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length === 0 ? {} : { addresses: ready.sort(byAddress) }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byAddress) }),
    ...(ports.length === 0 ? {} : { ports }),
  }));
}

function withoutEmptyName({ name, ...port }: CoreV1EndpointPort & { name: string }): CoreV1EndpointPort {
  return name === '' ? port : { name, ...port };
}

function addressOf(service: V1Service, pod: V1Pod): V1EndpointAddress {
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return {
    ip: addressesOf(pod)[0] ?? '',
    ...(hostname !== undefined && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function byAddress(a: V1EndpointAddress, b: V1EndpointAddress): number {
  return a.ip.localeCompare(b.ip);
}
