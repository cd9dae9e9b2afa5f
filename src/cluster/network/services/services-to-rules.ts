import type { V1EndpointSlice, V1Service, V1ServicePort } from '#cluster/api';
import type { Protocol, ServiceRule } from '#network';
import { candidates, type Draining, serviceOf, usable } from './endpoints.ts';

export interface RulesOptions {
  readonly nodeName: string;
  readonly isDraining: Draining;
  /** The cluster's DNS on this node. */
  readonly dns?: { readonly address: string; readonly target: string };
}

const AFFINITY_SECONDS = 10_800;
const DNS_PORT = 53;

/** The rules that make the Services of the cluster lead where they should, in an order that depends on nothing else. Pure. */
export function servicesToRules(services: readonly V1Service[], slices: readonly V1EndpointSlice[], options: RulesOptions): readonly ServiceRule[] {
  const byService = new Map<string, V1EndpointSlice[]>();
  for (const slice of slices) {
    const key = serviceOf(slice);
    if (key !== undefined) byService.set(key, [...(byService.get(key) ?? []), slice]);
  }
  const rules = services
    .filter((service) => service.spec?.type !== 'ExternalName' && isAddress(service.spec?.clusterIP) && service.spec?.clusterIP !== options.dns?.address)
    .flatMap((service) => serviceRules(service, byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [], options));
  return [...dnsRules(options.dns), ...rules].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The DNS answers on each node itself: its Service leads to the node's own responder, whatever the cluster's state is. */
function dnsRules(dns: RulesOptions['dns']): readonly ServiceRule[] {
  if (dns === undefined) return [];
  return (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address: dns.address, port: DNS_PORT, backends: [{ address: dns.target, port: DNS_PORT }] }));
}

function serviceRules({ spec = {}, status }: V1Service, slices: readonly V1EndpointSlice[], options: RulesOptions): readonly ServiceRule[] {
  const affinity = spec.sessionAffinity === 'ClientIP' ? { affinity_seconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS } : {};
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).filter((ip) => ip !== undefined);
  const others = [...new Set([...(spec.externalIPs ?? []), ...ingress])].filter(isAddress);
  return (spec.ports ?? []).flatMap((port): readonly ServiceRule[] => {
    const protocol = protocolOf(port);
    const backends = usable(candidates(port, slices), options.isDraining)
      .filter(({ endpoint }) => spec.internalTrafficPolicy !== 'Local' || endpoint.nodeName === options.nodeName)
      .map(({ address, port: number }) => ({ address, port: number }));
    const rule = { protocol, port: port.port, backends, ...affinity };
    const nodePort = port.nodePort ? { nodePort: port.nodePort } : {};
    return [{ ...rule, address: spec.clusterIP ?? '', ...nodePort }, ...others.map((address) => ({ ...rule, address }))];
  });
}

function protocolOf({ protocol = 'TCP' }: V1ServicePort): Protocol {
  return protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : 'tcp';
}

function isAddress(text: string | undefined): text is string {
  return text !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(text);
}

function keyOf({ address, protocol, port }: ServiceRule): string {
  return `${address}/${protocol}/${port}`;
}
