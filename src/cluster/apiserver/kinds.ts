import {
  apiVersionOf,
  type KubeObject,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  type ResourceInfo,
  type ResourceRef,
  SERVED_RESOURCES,
  type ServedResource,
} from '#cluster/api';
import { collectionPrefix, objectKey } from './cache/keys.ts';
import { convert } from './conversion/convert.ts';

/** A served resource with what follows from it. Several versions (or groups) of one thing share their storage. */
export interface Served {
  readonly info: ServedResource;
  readonly apiVersion: string;
  /** The resource in whose version objects are stored. */
  readonly storage: ServedResource;
  readonly prefix: string;
}

const SERVED = new Map(
  SERVED_RESOURCES.map((info): [string, Served] => {
    const storage = storageOf(info);
    return [refText(info), { info, apiVersion: apiVersionOf(info), storage, prefix: collectionPrefix(storage) }];
  }),
);

/** Undefined where nothing of that name is served. */
export function findServed(ref: ResourceRef): Served | undefined {
  return SERVED.get(refText(ref));
}

export function allServed(): readonly ServedResource[] {
  return SERVED_RESOURCES;
}

/** Where the object of that name stands. */
export function keyOf(served: Served, namespace: string | undefined, name: string): string {
  return objectKey(served.storage, served.info.namespaced ? namespace : undefined, name);
}

/** The beginning of the keys of a namespace's objects, or of all. */
export function scopePrefix(served: Served, namespace: string | undefined): string {
  return !served.info.namespaced || !namespace ? served.prefix : `${served.prefix}${namespace}/`;
}

const presented = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** A stored object in the version that was asked for. Shared among all who ask for it. */
export function present(served: Served, object: KubeObject): KubeObject {
  if (object.apiVersion === served.apiVersion) return object;
  const versions = presented.get(object) ?? new Map<string, KubeObject>();
  presented.set(object, versions);
  const known = versions.get(served.apiVersion) ?? convert(object, served.apiVersion);
  versions.set(served.apiVersion, known);
  return known;
}

/** Whether the selectors of a query choose an object. Errors: 400. */
export function matcherOf(served: Served, query: Readonly<Record<string, string>>): (object: KubeObject) => boolean {
  const { labelSelector, fieldSelector } = query;
  if (!labelSelector && !fieldSelector) return () => true;
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = parseFieldSelector(served.info.kind, fieldSelector ?? '');
  return (object) => matchesLabels(labels, object.metadata.labels) && matchesFields(fields, fields.length > 0 ? present(served, object) : object);
}

/** The first version in the table is the one that is stored; events of both groups are one. */
function storageOf(info: ServedResource): ServedResource {
  const group = info.group === 'events.k8s.io' ? '' : info.group;
  return SERVED_RESOURCES.find((other) => other.group === group && other.resource === info.resource) ?? info;
}

function refText({ group, version, resource }: Pick<ResourceInfo, 'group' | 'version' | 'resource'>): string {
  return `${group}/${version}/${resource}`;
}

/** Whether it is that resource, in whatever version. */
export function isResource({ info }: Served, group: string, resource: string): boolean {
  return info.group === group && info.resource === resource;
}
