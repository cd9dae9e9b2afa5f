import { flowControlObjects, type KubeObject, type ResourceRef, StatusError } from '#cluster/api';
import type { Context } from '../context.ts';
import { findServed, keyOf } from '../kinds.ts';
import { SYSTEM_CLASSES } from './plugins/priority.ts';
import { createObject } from '../verbs/create.ts';
import { replace } from '../verbs/update.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const SERVICE_RANGES: ResourceRef = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };
const FLOW_CONTROL = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1' };
const PORT_NAME = 'https';

/** Makes what every cluster has, where it isn't there: the namespaces, the classes of what the cluster stands on, where Services' addresses come from, and whose requests go first. */
export async function bootstrap(context: Context): Promise<void> {
  const namespaces = NAMESPACES.map((name) =>
    ensure(context, { group: '', version: 'v1', resource: 'namespaces' }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  );
  const classes = SYSTEM_CLASSES.map((one) => ensure(context, { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' }, one));
  const kubernetes = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [context.services.range] },
  };
  const range = ensure(context, SERVICE_RANGES, kubernetes);
  const flows = flowControlObjects().map((one) => ensure(context, { ...FLOW_CONTROL, resource: `${one.kind.toLowerCase()}s` }, one));
  await Promise.all([...namespaces, ...classes, range, ...flows]);
}

/** The `kubernetes` Service in `default`, and its endpoint: where this server listens, in the old form and the new. */
export async function publishApi(context: Context, address: string, port: number): Promise<void> {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels },
    spec: { type: 'ClusterIP', clusterIP: context.services.apiAddress, ports: [{ name: PORT_NAME, port: 443, protocol: 'TCP', targetPort: port }] },
  };
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: PORT_NAME, port, protocol: 'TCP' }] }],
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
    ports: [{ name: PORT_NAME, port, protocol: 'TCP' }],
  };
  await ensure(context, { group: '', version: 'v1', resource: 'services' }, service, true);
  await ensure(context, { group: '', version: 'v1', resource: 'endpoints' }, endpoints, true);
  await ensure(context, { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' }, slice, true);
}

/** Creates the object, or (where `renew`) makes the one that is there like it. */
async function ensure(context: Context, ref: ResourceRef, object: KubeObject, renew = false): Promise<void> {
  const served = findServed(ref);
  if (!served) throw new TypeError(`${ref.resource} are not served`);
  const { name = '', namespace } = object.metadata;
  if (!context.cache.get(keyOf(served, namespace, name))) {
    await createObject(context, served, { object: structuredClone(object), namespace, dryRun: false, isTrusted: true }).catch(ignoreAlreadyExists);
    return;
  }
  if (renew)
    await replace(context, { served, namespace, name }, { dryRun: false, isTrusted: true, subresource: undefined }, (before) => likeIt(before, object));
}

function likeIt(before: KubeObject, wanted: KubeObject): KubeObject {
  return { ...structuredClone(before), ...wanted, metadata: { ...structuredClone(before.metadata), ...wanted.metadata } };
}

/** Somebody else made it in between: just as well. */
function ignoreAlreadyExists(error: unknown): void {
  if (!(error instanceof StatusError && error.body.reason === 'AlreadyExists')) throw error;
}
