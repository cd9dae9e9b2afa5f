import type { KubeObject } from '#cluster/api';

/** An object's fields as text of a manifest has them, and its status. */
type Fields = KubeObject & { status?: unknown; spec?: unknown };

/** What somebody wished of an object: without what the server says of it. `status` keeps that too. */
export function wishOf(object: KubeObject, { status: keepsStatus = false } = {}): Fields {
  const { apiVersion, kind, metadata, status, ...rest }: Fields = object;
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = metadata;
  const told = { name, namespace, labels, annotations, finalizers, ownerReferences };
  const kept = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  return { apiVersion, kind, metadata: kept, ...rest, ...(keepsStatus && status !== undefined ? { status } : {}) };
}
