import { resolve4 } from 'node:dns/promises';
import { isStatus, SERVICES } from '#cluster/client';
import type { DnsAnswer, DnsQuestion } from '#network';
import type { ClusterDns, ClusterDnsOptions } from '../types.ts';
import { answer, type Zone } from './answer.ts';

const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
  { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
];

/** The cluster's DNS on this node: answers at the Pod bridge's address; the Service `kube-dns` is how Pods and people know it. */
export function createClusterDns(options: ClusterDnsOptions): ClusterDns {
  const zone = zoneOf(options);
  let server: AsyncDisposable | undefined;
  return {
    async start() {
      await options.state.start();
      await ensureService(options);
      server = await options.network.serveDns({ address: options.listen, handler: (question) => follow(question, answer(question, zone), options) });
    },
    async stop() {
      await server?.[Symbol.asyncDispose]();
      server = undefined;
    },
  };
}

/** An alias that leads out of the cluster comes with the addresses behind it, since simple clients ask only once. */
async function follow(question: DnsQuestion, given: DnsAnswer, { logger, resolveForeign = (name) => resolve4(name) }: ClusterDnsOptions): Promise<DnsAnswer> {
  const last = given.kind === 'records' ? given.records.at(-1) : undefined;
  if (given.kind !== 'records' || last?.type !== 'CNAME' || question.type !== 'A') return given;
  const name = String(last.data);
  try {
    const addresses = await resolveForeign(name);
    const { ttl_seconds } = last;
    return { kind: 'records', records: [...given.records, ...addresses.map((data) => ({ name, type: 'A' as const, ttl_seconds, data }))] };
  } catch (error) {
    logger.debug('Cannot resolve the target of an ExternalName', { name, error });
    return given;
  }
}

function zoneOf({ state, clusterDomain, cidrs }: ClusterDnsOptions): Zone {
  const { services, slices } = state;
  return {
    domain: clusterDomain,
    cidrs,
    service: (namespace, name) => services.get(namespace, name),
    slices: (namespace, name) => slices.byIndex('service', `${namespace}/${name}`),
    hasNamespace: (namespace) => services.list(namespace).length > 0,
    serviceByAddress: (address) => services.byIndex('address', address)[0],
    slicesByAddress: (address) => slices.byIndex('address', address),
  };
}

/** `kube-system/kube-dns`, without a selector: the rules of each node lead its address to the node's own responder. */
async function ensureService({ client, serviceAddress }: ClusterDnsOptions): Promise<void> {
  const labels = { 'k8s-app': 'kube-dns' };
  const spec = { type: 'ClusterIP', clusterIP: serviceAddress, ports: PORTS };
  try {
    await client.resource(SERVICES).get('kube-dns', 'kube-system');
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error;
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kube-dns', namespace: 'kube-system', labels }, spec };
    await client
      .resource(SERVICES)
      .create(service)
      .catch((refused: unknown) => {
        if (!isStatus(refused, 'AlreadyExists')) throw refused;
      });
  }
}
