/** Every key of the API server begins so. */
export const ROOT = '/registry/';

interface Collection {
  readonly group: string;
  readonly resource: string;
}

/** `/registry/<group>/<resource>/`; the core group is written `core`. */
export function collectionPrefix({ group, resource }: Collection): string {
  return `${ROOT}${group === '' ? 'core' : group}/${resource}/`;
}

/** `/registry/<group>/<resource>/[<namespace>/]<name>` */
export function objectKey(collection: Collection, namespace: string | undefined, name: string): string {
  const prefix = collectionPrefix(collection);
  return namespace === undefined ? prefix + name : `${prefix}${namespace}/${name}`;
}

/** The collection that a key belongs to. */
export function prefixOfKey(key: string): string {
  const afterGroup = key.indexOf('/', ROOT.length);
  return key.slice(0, key.indexOf('/', afterGroup + 1) + 1);
}
