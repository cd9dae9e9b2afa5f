import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest, type KubeObject, notFound, type V1EndpointSlice, type V1Node, type V1Pod, type V1Service } from '#cluster/api';
import { collectionPrefix, objectKey } from '../cache/keys.ts';
import type { Context } from '../context.ts';
import { findPod } from '../streams/pod-target.ts';
import { addressNotAllowed, noEndpoints, noServicePort } from './errors.ts';

/** Where a request that is passed on goes to. */
export interface ProxyTarget {
  readonly isTls: boolean;
  /** `host:port`, as its own requests would name it. */
  readonly host: string;
  /** A connection of its own to it. */
  connect(): Promise<Duplex>;
}
/** What stands in the path for a Pod, Service or node: `[scheme:]name[:port]`. */
interface Named {
  readonly isTls: boolean;
  readonly name: string;
  readonly port: string;
}

const SLICES = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const SERVICE_OF_SLICE = 'kubernetes.io/service-name';

/** Errors: 400, 404, 503. */
export function proxyTarget(context: Context, resource: string, namespace: string | undefined, text: string): ProxyTarget {
  const named = parseName(text);
  switch (resource) {
    case 'pods':
      return podTarget(context, namespace ?? '', named);
    case 'services':
      return serviceTarget(context, namespace ?? '', named);
    default:
      return nodeTarget(context, named);
  }
}

/** Errors: 400. */
function parseName(text: string): Named {
  const parts = text.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || !name || !['', 'http', 'https'].includes(scheme ?? ''))
    throw badRequest(`invalid proxy request ${JSON.stringify(text)}: want [scheme:]name[:port]`);
  return { isTls: scheme === 'https', name, port: port ?? '' };
}

function podTarget(context: Context, namespace: string, { isTls, name, port: asked }: Named): ProxyTarget {
  const pod = objectAt<V1Pod>(context, { group: '', resource: 'pods' }, namespace, name);
  const first = pod.spec?.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const port = asked === '' ? (first ?? (isTls ? 443 : 80)) : portNumber(asked);
  return throughNode(context, namespace, name, port, isTls, pod.status?.podIP);
}

/** A Pod's port is reached through the agent of its node, wherever that is. */
function throughNode(context: Context, namespace: string, name: string, port: number, isTls: boolean, address = name): ProxyTarget {
  const { target, node } = findPod(context, namespace, name, 'proxy to the pod');
  return { isTls, host: `${hostText(address)}:${port}`, connect: () => node.portForward(target, port) };
}

function serviceTarget(context: Context, namespace: string, { isTls, name, port }: Named): ProxyTarget {
  const service = objectAt<V1Service>(context, { group: '', resource: 'services' }, namespace, name);
  const ports = service.spec?.ports ?? [];
  const wanted = /^\d+$/.test(port)
    ? ports.find((one) => one.port === Number(port))
    : port === '' && ports.length === 1
      ? ports[0]
      : ports.find((one) => (one.name ?? '') === port);
  if (!wanted) throw noServicePort(port, name);
  const all = slicesOf(context, namespace, name).flatMap(({ endpoints, ports: own = [] }) => {
    const number = own?.find((one) => (one.name ?? '') === (wanted.name ?? ''))?.port;
    return number === undefined ? [] : (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).map((endpoint) => ({ endpoint, number }));
  });
  const chosen = all[Math.floor(context.random.fraction() * all.length)];
  if (!chosen) throw noEndpoints(name);
  const { targetRef, addresses } = chosen.endpoint;
  if (targetRef?.kind === 'Pod' && targetRef.name) return throughNode(context, namespace, targetRef.name, chosen.number, isTls, addresses[0]);
  return direct(addresses[0] ?? '', chosen.number, isTls);
}

function slicesOf(context: Context, namespace: string, service: string): readonly V1EndpointSlice[] {
  const collection = context.cache.collection(collectionPrefix(SLICES));
  return collection.keys(`${collectionPrefix(SLICES)}${namespace}/`).flatMap((key) => {
    const slice = collection.get(key);
    // What stands under a slice's key was decoded as one.
    return slice?.metadata.labels?.[SERVICE_OF_SLICE] === service ? [slice as V1EndpointSlice] : [];
  });
}

function nodeTarget(context: Context, { isTls, name, port }: Named): ProxyTarget {
  const node = objectAt<V1Node>(context, { group: '', resource: 'nodes' }, undefined, name);
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  const number = port === '' ? (node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0) : portNumber(port);
  if (address === undefined || number === 0) throw noServicePort(port, name);
  return direct(address, number, isTls || port === '');
}

/** A connection over the network of this machine, which must not lead back to it. */
function direct(address: string, port: number, isTls: boolean): ProxyTarget {
  if (isOwn(address)) throw addressNotAllowed(address);
  return {
    isTls,
    host: `${hostText(address)}:${port}`,
    async connect() {
      const socket = connect({ host: address, port });
      await once(socket, 'connect');
      return socket;
    },
  };
}

/** Loopback and link-local addresses, and what is none. */
function isOwn(address: string): boolean {
  return isIP(address) === 0 || /^(?:127\.|169\.254\.|0\.|::1$|::$|fe[89ab]|::ffff:)/i.test(address);
}

function hostText(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw badRequest(`invalid port ${JSON.stringify(text)}: want a number from 1 to 65535`);
  return port;
}

function objectAt<T extends KubeObject>(
  context: Context,
  kind: { readonly group: string; readonly resource: string },
  namespace: string | undefined,
  name: string,
): T {
  const object = context.cache.get(objectKey(kind, namespace, name));
  if (!object) throw notFound(kind, name);
  // What stands under a kind's key was decoded as one.
  return object as T;
}
