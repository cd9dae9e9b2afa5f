import { forbidden, type KubeObject, notFound } from '#cluster/api';
import { objectKey } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { Served } from '../kinds.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };

/** New objects need a namespace that is there and stays. Errors: 404, 403. */
export function requireNamespace(cache: ObjectCache, served: Served, namespace: string, name: string): void {
  const found: (KubeObject & { status?: { phase?: string } }) | undefined = cache.get(objectKey(NAMESPACES, undefined, namespace));
  if (!found) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  throw forbidden(served.info, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
}
