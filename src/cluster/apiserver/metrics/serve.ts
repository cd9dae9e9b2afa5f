import { type ApiRequest, type ApiResponse, type KubeObject, matchesLabels, notFound, parseLabelSelector } from '#cluster/api';
import { collectionPrefix, objectKey } from '../cache/keys.ts';
import type { Context } from '../context.ts';
import { methodNotAllowed, noSuchPath } from '../errors.ts';
import { METRICS_VERSION, nodeMetrics, podMetrics, type Usage } from './usage.ts';

/** The resources that this file serves, for discovery. */
export const METRICS_RESOURCES = [
  { resource: 'nodes', kind: 'NodeMetrics', namespaced: false },
  { resource: 'pods', kind: 'PodMetrics', namespaced: true },
].map((row) => ({
  ...row,
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  singular: '',
  verbs: ['get', 'list'],
  shortNames: [],
  categories: [],
  subresources: [],
}));

/** `kubectl top` and the autoscaler: usage as the nodes measured it. Errors: 404 for what has no figures, 405. */
export async function handleMetrics(context: Context, usage: Usage, request: ApiRequest): Promise<ApiResponse> {
  const { resource, verb, name } = request;
  const known = METRICS_RESOURCES.find((one) => one.resource === resource.resource && one.version === resource.version);
  if (!known || request.subresource !== undefined) throw noSuchPath();
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed();
  const all = resource.resource === 'nodes' ? await nodes(context, usage) : await pods(context, usage);
  if (verb === 'get') {
    const found = all.find(({ metadata }) => metadata.name === name && (!known.namespaced || metadata.namespace === request.namespace));
    if (!found) throw notFound(resource, known.namespaced ? `${request.namespace}/${name}` : (name ?? ''));
    return { kind: 'object', status: 200, object: found };
  }
  const labels = parseLabelSelector(request.query.labelSelector ?? '');
  const items = all.filter(({ metadata }) => (!request.namespace || metadata.namespace === request.namespace) && matchesLabels(labels, metadata.labels));
  return { kind: 'list', list: { apiVersion: METRICS_VERSION, kind: `${known.kind}List`, metadata: { resourceVersion: '' }, items } };
}

async function nodes(context: Context, usage: Usage): Promise<KubeObject[]> {
  const prefix = collectionPrefix({ group: '', resource: 'nodes' });
  return [...(await usage.read())].flatMap(([name, stats]) => {
    const node = context.cache.get(`${prefix}${name}`);
    return node ? [nodeMetrics(node, stats)] : [];
  });
}

async function pods(context: Context, usage: Usage): Promise<KubeObject[]> {
  return [...(await usage.read()).values()].flatMap((stats) =>
    stats.pods.flatMap(({ namespace, name, containers }) => {
      const pod = context.cache.get(objectKey({ group: '', resource: 'pods' }, namespace, name));
      return pod && containers.length > 0 ? [podMetrics(pod, stats, containers)] : [];
    }),
  );
}
