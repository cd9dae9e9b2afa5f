import type { V1Endpoint, V1EndpointSlice, V1Service } from '#cluster/api';
import type { DnsAnswer, DnsQuestion, DnsRecord } from '#network';
import { contains } from '#network';
import { isReady } from '../services/endpoints.ts';
import { dashedAddress, endpointLabel, labelsIn, normalize, reverseAddress } from './names.ts';

/** What answers depend on. */
export interface Zone {
  readonly domain: string;
  readonly cidrs: readonly string[];
  service(namespace: string, name: string): V1Service | undefined;
  slices(namespace: string, name: string): readonly V1EndpointSlice[];
  hasNamespace(namespace: string): boolean;
  serviceByAddress(address: string): V1Service | undefined;
  slicesByAddress(address: string): readonly V1EndpointSlice[];
}

const TTL_SECONDS = 5;
const NO_SUCH_NAME: DnsAnswer = { kind: 'no-such-name' };
/** The name is there, but not with this type. */
const NOTHING: DnsAnswer = { kind: 'records', records: [] };

/** Answers by the Kubernetes DNS specification 1.1; names of others are forwarded. Pure. */
export function answer(question: DnsQuestion, zone: Zone): DnsAnswer {
  const name = normalize(question.name);
  const address = reverseAddress(name);
  if (address !== undefined) return reverse(question, address, zone);
  const labels = labelsIn(name, zone.domain);
  if (labels === undefined) return { kind: 'forward' };
  const [last] = labels.slice(-1);
  if (last === 'svc') return serviceName(question, labels.slice(0, -1), zone);
  if (last === 'pod') return podName(question, labels.slice(0, -1));
  if (last === undefined) return NOTHING;
  if (last === 'dns-version' && labels.length === 1) return ofType(question, 'TXT', ['1.1.0']);
  return NO_SUCH_NAME;
}

function ofType(question: DnsQuestion, type: DnsRecord['type'], data: readonly unknown[]): DnsAnswer {
  const wanted = question.type === type || question.type === 'ANY';
  return wanted ? { kind: 'records', records: data.map((one) => ({ name: question.name, type, ttl_seconds: TTL_SECONDS, data: one })) } : NOTHING;
}

/** `a-b-c-d.NAMESPACE.pod` */
function podName(question: DnsQuestion, labels: readonly string[]): DnsAnswer {
  if (labels.length < 2) return NOTHING;
  const address = labels.length === 2 ? dashedAddress(labels[0] ?? '') : undefined;
  return address === undefined ? NO_SUCH_NAME : ofType(question, 'A', [address]);
}

/** `[_port._protocol.|endpoint.]SERVICE.NAMESPACE.svc` */
function serviceName(question: DnsQuestion, labels: readonly string[], zone: Zone): DnsAnswer {
  const [name, namespace] = labels.slice(-2);
  if (namespace === undefined || name === undefined) return labels.length === 0 || zone.hasNamespace(labels[0] ?? '') ? NOTHING : NO_SUCH_NAME;
  const service = zone.service(namespace, name);
  if (service === undefined) return NO_SUCH_NAME;
  const before = labels.slice(0, -2);
  if (service.spec?.type === 'ExternalName') return before.length === 0 ? external(question, service, zone) : NO_SUCH_NAME;
  const headless = service.spec?.clusterIP === 'None';
  const endpoints = headless ? shown(service, zone.slices(namespace, name)) : [];
  if (before.length === 0) {
    if (!headless) return ofType(question, 'A', [service.spec?.clusterIP]);
    // A headless Service without a ready Pod has no name, as with CoreDNS.
    return endpoints.length === 0 ? NO_SUCH_NAME : ofType(question, 'A', [...new Set(endpoints.map(({ address }) => address))]);
  }
  if (before.length === 2 && before.every((label) => label.startsWith('_'))) return portName(question, service, before, zone);
  const named = endpoints.filter(({ endpoint, address }) => before.length === 1 && endpointLabel(endpoint, address) === before[0]);
  return named.length === 0 ? NO_SUCH_NAME : ofType(question, 'A', [...new Set(named.map(({ address }) => address))]);
}

/** An alias; where it leads to a Service of this cluster that is not itself one, its records come along. */
function external(question: DnsQuestion, { spec }: V1Service, zone: Zone): DnsAnswer {
  const target = normalize(spec?.externalName ?? '');
  if (target === '') return NO_SUCH_NAME;
  const alias: DnsRecord = { name: question.name, type: 'CNAME', ttl_seconds: TTL_SECONDS, data: target };
  const labels = labelsIn(target, zone.domain);
  const [name = '', namespace = ''] = labels ?? [];
  const leadsOn = labels !== undefined && zone.service(namespace, name)?.spec?.type !== 'ExternalName';
  const behind = leadsOn ? answer({ ...question, name: target }, zone) : NOTHING;
  return { kind: 'records', records: [alias, ...(behind.kind === 'records' ? behind.records : [])] };
}

interface Shown {
  readonly endpoint: V1Endpoint;
  readonly address: string;
  readonly slice: V1EndpointSlice;
}

/** The endpoints of a headless Service that its name shows. */
function shown({ spec }: V1Service, slices: readonly V1EndpointSlice[]): readonly Shown[] {
  return slices
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap((slice) => (slice.endpoints ?? []).map((endpoint) => ({ endpoint, address: endpoint.addresses[0] ?? '', slice })))
    .filter(({ endpoint, address }) => address !== '' && (isReady(endpoint) || spec?.publishNotReadyAddresses === true));
}

/** SRV of a named port; names of its targets come along with their addresses. */
function portName(question: DnsQuestion, service: V1Service, [portLabel = '', protocolLabel = '']: readonly string[], zone: Zone): DnsAnswer {
  const { name = '', namespace = '' } = service.metadata;
  const isIt = (port: { readonly name?: string; readonly protocol?: string }) =>
    `_${port.name}` === portLabel && `_${(port.protocol ?? 'TCP').toLowerCase()}` === protocolLabel;
  const full = `${name}.${namespace}.svc.${zone.domain}`;
  const port = service.spec?.ports?.find(isIt);
  if (service.spec?.clusterIP !== 'None')
    return port === undefined ? NO_SUCH_NAME : ofType(question, 'SRV', [{ priority: 0, weight: 100, port: port.port, target: full }]);
  const targets = shown(service, zone.slices(namespace, name)).flatMap(({ endpoint, address, slice }) => {
    const number = slice.ports?.find(isIt)?.port;
    return number === undefined ? [] : [{ priority: 0, weight: 100, port: number, target: `${endpointLabel(endpoint, address)}.${full}` }];
  });
  return targets.length === 0 ? NO_SUCH_NAME : ofType(question, 'SRV', targets);
}

function reverse(question: DnsQuestion, address: string, zone: Zone): DnsAnswer {
  const service = zone.serviceByAddress(address);
  if (service !== undefined) return ofType(question, 'PTR', [`${service.metadata.name}.${service.metadata.namespace}.svc.${zone.domain}`]);
  for (const slice of zone.slicesByAddress(address)) {
    const name = slice.metadata.labels?.['kubernetes.io/service-name'];
    const { namespace = '' } = slice.metadata;
    const endpoint = slice.endpoints?.find(({ addresses }) => addresses.includes(address));
    if (name === undefined || endpoint === undefined || zone.service(namespace, name)?.spec?.clusterIP !== 'None') continue;
    return ofType(question, 'PTR', [`${endpointLabel(endpoint, address)}.${name}.${namespace}.svc.${zone.domain}`]);
  }
  return zone.cidrs.some((cidr) => contains(cidr, address)) ? NO_SUCH_NAME : { kind: 'forward' };
}
