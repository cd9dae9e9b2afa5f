import type { CustomKind } from './custom/kind.ts';
import { modelOf, RESOURCE_ROWS } from './resource-rows.ts';
import type { ResourceInfo, ResourceRef } from './types.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

/** One served resource, with the name of its generated model. */
export interface ServedResource extends ResourceInfo {
  /** Empty for a kind that a CustomResourceDefinition describes. */
  readonly model: string;
  readonly custom?: CustomKind;
}

/** The resources that are served, preferred versions first. */
export const SERVED_RESOURCES: readonly ServedResource[] = RESOURCE_ROWS.map((row) => ({
  group: row.group,
  version: row.version ?? 'v1',
  resource: row.resource,
  kind: row.kind,
  listKind: `${row.kind}List`,
  singular: row.kind.toLowerCase(),
  namespaced: row.cluster !== true,
  verbs: row.noDeleteCollection ? ALL_VERBS.filter((verb) => verb !== 'deletecollection') : ALL_VERBS,
  shortNames: row.short ?? [],
  categories: row.categories ?? [],
  subresources: row.subresources ?? [],
  model: modelOf(row),
}));

const byRef = new Map(SERVED_RESOURCES.map((resource) => [refKey(resource), resource]));

function refKey({ group, version, resource }: ResourceRef): string {
  return `${group}/${version}/${resource}`;
}

/** The served resource of that group, version and name. */
export function findResource(ref: ResourceRef): ServedResource | undefined {
  return byRef.get(refKey(ref));
}

/** The served resource that makes objects of that kind. */
export function findKind(apiVersion: string, kind: string): ServedResource | undefined {
  return SERVED_RESOURCES.find((resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind);
}

/** `v1`, `apps/v1`: how objects name their group and version. */
export function apiVersionOf({ group, version }: Pick<ResourceRef, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
