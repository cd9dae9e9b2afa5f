import type { KubeObject, ResourceRef } from '#cluster/api';

declare const OBJECT: unique symbol;

/** A resource together with the type of its objects: what it is handed to answers objects of that type. */
export interface KindRef<T extends KubeObject> extends ResourceRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Exists for the compiler only. */
  readonly [OBJECT]?: T;
}

/** A resource, which the compiler may know the objects of. */
export type RefOf<T extends KubeObject> = ResourceRef & { readonly [OBJECT]?: T };

/**
 * A kind by its names, as a CustomResourceDefinition gives them.
 *
 * @example
 * const Backup = kindRef<Backup>({ apiVersion: 'example.com/v1', kind: 'Backup', resource: 'backups', namespaced: true });
 */
export function kindRef<T extends KubeObject>(names: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
}): KindRef<T> {
  const [group, version] = names.apiVersion.includes('/') ? names.apiVersion.split('/') : ['', names.apiVersion];
  return { ...names, group: group ?? '', version: version ?? '' };
}
