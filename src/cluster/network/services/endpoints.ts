import type { V1Endpoint, V1EndpointSlice, V1Service, V1ServicePort } from '#cluster/api';

export interface Backend {
  readonly address: string;
  readonly port: number;
}
/** An endpoint of a Service's port. */
export interface Candidate extends Backend {
  readonly endpoint: V1Endpoint;
}

/** The Service that a slice belongs to, as `namespace/name`. */
export function serviceOf({ metadata }: V1EndpointSlice): string | undefined {
  const name = metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

/** All endpoints behind one port of a Service, ready or not; each address once. Pure. */
export function candidates(port: Pick<V1ServicePort, 'name' | 'protocol'>, slices: readonly V1EndpointSlice[]): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const target = slice.ports?.find((one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (target?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [address] = endpoint.addresses;
      if (address !== undefined) found.set(`${address}:${target.port}`, { address, port: target.port, endpoint });
    }
  }
  return [...found.values()].sort((a, b) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1));
}

/** Which Pods end here, before the cluster says so. */
export type Draining = (endpoint: V1Endpoint) => boolean;

export function isReady({ conditions }: V1Endpoint): boolean {
  return conditions?.ready !== false;
}

/** Ready ones; where there are none, those that end but still serve (KEP-1669). Pure. */
export function usable(all: readonly Candidate[], isDraining: Draining): readonly Candidate[] {
  const ready = all.filter(({ endpoint }) => isReady(endpoint) && !isDraining(endpoint));
  if (ready.length > 0) return ready;
  return all.filter(
    ({ endpoint }) => (isDraining(endpoint) && isReady(endpoint)) || (endpoint.conditions?.terminating === true && endpoint.conditions.serving === true),
  );
}

/** The slices of one Service out of all. Pure. */
export function slicesOf(service: V1Service, slices: readonly V1EndpointSlice[]): readonly V1EndpointSlice[] {
  const key = `${service.metadata.namespace}/${service.metadata.name}`;
  return slices.filter((slice) => serviceOf(slice) === key);
}
