import { isDeepStrictEqual } from 'node:util';
import {
  apiVersionOf,
  type CustomKind,
  type KubeObject,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  prune,
  type ResourceInfo,
  type ResourceRef,
  SERVED_RESOURCES,
  type ServedResource,
  withDefaults,
} from '#cluster/api';
import { deepFreeze } from './cache/bytes.ts';
import { collectionPrefix, objectKey } from './cache/keys.ts';
import { type Interest, isIndexed } from './cache/listeners.ts';
import { convert } from './conversion/convert.ts';

/** A served resource with what follows from it. Several versions (or groups) of one thing share their storage. */
export interface Served {
  readonly info: ServedResource;
  readonly apiVersion: string;
  /** The resource in whose version objects are stored. */
  readonly storage: ServedResource;
  readonly prefix: string;
}

const SERVED = new Map(SERVED_RESOURCES.map((info): [string, Served] => [refText(info), servedOf(info, storageOf(info))]));

/** What follows from a resource and the one whose storage it shares. */
export function servedOf(info: ServedResource, storage: ServedResource): Served {
  return { info, apiVersion: apiVersionOf(info), storage, prefix: collectionPrefix(storage) };
}

/** Of what every server serves; undefined where nothing of that name is. */
export function findServed(ref: ResourceRef): Served | undefined {
  return SERVED.get(refText(ref));
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
  if (served.info.custom !== undefined) return presentCustom(served, served.info.custom, object);
  if (object.apiVersion === served.apiVersion) return object;
  const versions = presented.get(object) ?? new Map<string, KubeObject>();
  presented.set(object, versions);
  const known = versions.get(served.apiVersion) ?? convert(object, served.apiVersion);
  versions.set(served.apiVersion, known);
  return known;
}

const presentedCustom = new WeakMap<KubeObject, Map<CustomKind, KubeObject>>();

/** As its definition is now: with what it has of defaults by now, and without what it no longer knows. */
function presentCustom({ apiVersion, info }: Served, custom: CustomKind, object: KubeObject): KubeObject {
  const known = presentedCustom.get(object) ?? new Map<CustomKind, KubeObject>();
  presentedCustom.set(object, known);
  const seen = known.get(custom);
  if (seen !== undefined && seen.apiVersion === apiVersion) return seen;
  // Pruned and completed at the root, an object stays one.
  const { metadata } = object;
  const content = withDefaults(
    custom.schema,
    prune(custom.schema, object, '', () => {}, true),
  ) as KubeObject;
  const shown = { ...content, apiVersion, kind: info.kind, metadata };
  const result = isDeepStrictEqual(shown, object) ? object : Object.isFrozen(object) ? deepFreeze(shown) : shown;
  known.set(custom, result);
  return result;
}

/** Whether the selectors of a query choose an object. Errors: 400. */
export function matcherOf(served: Served, query: Readonly<Record<string, string>>): (object: KubeObject) => boolean {
  const { labelSelector, fieldSelector } = query;
  if (!labelSelector && !fieldSelector) return () => true;
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = parseFieldSelector(served.info, fieldSelector ?? '');
  return (object) => matchesLabels(labels, object.metadata.labels) && matchesFields(fields, fields.length > 0 ? present(served, object) : object);
}

/** By which of the fields of a query's selector changes can be handed out to its watch; undefined where it must hear of all. */
export function interestOf(served: Served, { fieldSelector }: Readonly<Record<string, string>>): Interest | undefined {
  for (const { path, value, negated } of parseFieldSelector(served.info, fieldSelector ?? '')) {
    const isKnown = path === 'metadata.name' || isResource(served, '', 'pods');
    if (!negated && isKnown && isIndexed(path)) return { field: path, text: value };
  }
  return undefined;
}

/** The first version in the table is the one that is stored; events of both groups are one. */
function storageOf(info: ServedResource): ServedResource {
  const group = info.group === 'events.k8s.io' ? '' : info.group;
  return SERVED_RESOURCES.find((other) => other.group === group && other.resource === info.resource) ?? info;
}

export function refText({ group, version, resource }: Pick<ResourceInfo, 'group' | 'version' | 'resource'>): string {
  return `${group}/${version}/${resource}`;
}

/** Whether it is that resource, in whatever version. */
export function isResource({ info }: Served, group: string, resource: string): boolean {
  return info.group === group && info.resource === resource;
}
