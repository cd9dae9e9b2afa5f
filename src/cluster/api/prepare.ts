import { isDeepStrictEqual } from 'node:util';
import { isQuantity, parseQuantity } from './quantity.ts';
import type { ServedResource } from './resources.ts';
import type { KubeObject } from './types.ts';

type Parts = KubeObject & { spec?: unknown; status?: unknown };

/** Kinds whose spec changes count as a new generation. */
const COUNTED = new Set(['Deployment', 'ReplicaSet', 'Pod', 'HorizontalPodAutoscaler', 'CustomResourceDefinition']);

/** A definition goes when the objects of its kind have gone. */
export const CUSTOM_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** Whose status the maker may bring: a namespace's is a default, a node knows its own. */
const BRINGS_STATUS = new Set(['namespaces', 'nodes']);

/** What a create may not say for itself: status is the cluster's. Answers a copy; system fields of metadata are the server's part. */
export function prepareForCreate(resource: ServedResource, object: KubeObject): KubeObject {
  // Every model's spec and status are fields of these names, if it has them.
  const copy: Parts = { ...(object as Parts), metadata: { ...object.metadata } };
  if (resource.subresources.includes('status') && !BRINGS_STATUS.has(resource.resource)) delete copy.status;
  if (resource.model === 'V1Pod') copy.status = { phase: 'Pending', qosClass: qosClass(copy.spec) };
  if (resource.model === 'V1Deployment' || resource.model === 'V1ReplicaSet') copy.status = resource.model === 'V1ReplicaSet' ? { replicas: 0 } : {};
  if (resource.model === 'V1Service') copy.status = { loadBalancer: {} };
  if (resource.model === 'V1CustomResourceDefinition') copy.metadata.finalizers = [...new Set([...(copy.metadata.finalizers ?? []), CUSTOM_CLEANUP])];
  if (COUNTED.has(resource.kind) || resource.custom !== undefined) copy.metadata.generation = 1;
  return copy;
}

/**
 * What an update may change: of the main resource everything but status, of `status` only that. The generation grows when
 * the spec differs. Answers a copy.
 */
export function prepareForUpdate(resource: ServedResource, object: KubeObject, old: KubeObject, subresource?: string): KubeObject {
  const next = object as Parts;
  const before = old as Parts;
  const copy: Parts =
    subresource === 'status' ? { ...before, metadata: { ...before.metadata, ...carried(next) } } : { ...next, metadata: { ...next.metadata } };
  if (subresource === 'status') put(copy, 'status', next.status);
  else if (resource.subresources.includes('status')) put(copy, 'status', before.status);
  if (COUNTED.has(resource.kind) || resource.custom !== undefined) {
    const generation = before.metadata.generation ?? 1;
    const isSame =
      resource.custom === undefined ? isDeepStrictEqual(copy.spec, before.spec) : isDeepStrictEqual(wantedOf(resource, copy), wantedOf(resource, before));
    copy.metadata.generation = isSame ? generation : generation + 1;
  }
  return copy;
}

/** All of a custom object that somebody wants: where it has no status apart, that too. */
function wantedOf(resource: ServedResource, { metadata: _, status, ...rest }: Parts): object {
  return resource.subresources.includes('status') ? rest : { ...rest, status };
}

/** A status update brings its revision to check and who manages what. */
function carried({ metadata }: KubeObject): Partial<KubeObject['metadata']> {
  return {
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
    ...(metadata.managedFields === undefined ? {} : { managedFields: metadata.managedFields }),
    ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
    ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
  };
}

function put(object: Parts, field: 'status', value: unknown): void {
  if (value === undefined) delete object[field];
  else object[field] = value;
}

interface Resources {
  readonly resources?: { readonly limits?: Readonly<Record<string, string>>; readonly requests?: Readonly<Record<string, string>> };
}

/** How well a Pod's needs are stated: Guaranteed when every container's requests are its limits, BestEffort when there are none. */
export function qosClass(spec: unknown): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  // The object was decoded by the Pod's model.
  const { containers = [], initContainers = [] } = spec as { containers?: readonly Resources[]; initContainers?: readonly Resources[] };
  const all = [...containers, ...initContainers].map(({ resources }) => resources ?? {});
  const stated = all
    .flatMap(({ limits, requests }) => [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})])
    .filter((name) => name === 'cpu' || name === 'memory');
  if (stated.length === 0) return 'BestEffort';
  const guaranteed = all.every(({ limits, requests }) =>
    ['cpu', 'memory'].every((name) => limits?.[name] !== undefined && sameAmount(requests?.[name] ?? limits[name], limits[name])),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function sameAmount(one: string, other: string): boolean {
  return isQuantity(one) && isQuantity(other) ? parseQuantity(one) === parseQuantity(other) : one === other;
}
