import { isDeepStrictEqual } from 'node:util';
import { mergePatch, type V1Pod, type V1PodStatus } from '#cluster/api';
import { type ClusterClient, PODS } from '#cluster/client';

/**
 * Writes the Pod's status where it differs from what stands there; answers the Pod as it then is. Where others have a say in
 * the conditions (`readinessGates`) their writes are not overwritten: a conflict is then the caller's to try again.
 * Errors: `StatusError` (NotFound, Conflict).
 */
export async function report(client: ClusterClient, pod: V1Pod, status: V1PodStatus): Promise<V1Pod> {
  if (isDeepStrictEqual(mergePatch(pod.status ?? {}, status), pod.status ?? {})) return pod;
  const { name = '', namespace, uid, resourceVersion } = pod.metadata;
  const shared = (pod.spec?.readinessGates ?? []).length > 0 && resourceVersion !== undefined;
  const metadata = { uid, ...(shared ? { resourceVersion } : {}) };
  return await client.resource<V1Pod>(PODS).patch(name, namespace, 'merge', { metadata, status }, { subresource: 'status' });
}

/** Of two answers about one Pod the later one. */
export function newer(a: V1Pod, b: V1Pod): V1Pod {
  return versionOf(b) >= versionOf(a) ? b : a;
}

function versionOf({ metadata }: V1Pod): bigint {
  return /^\d+$/.test(metadata.resourceVersion ?? '') ? BigInt(metadata.resourceVersion ?? '0') : 0n;
}
