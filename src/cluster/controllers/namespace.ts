import { type KubeObject, type ResourceInfo, SERVED_RESOURCES, type V1Namespace } from '#cluster/api';
import { type Controller, createController, NAMESPACES, type ReconcileResult } from '#cluster/client';
import type { Shared } from './types.ts';
import { ignoreGone } from './writes.ts';

const FINALIZER = 'kubernetes';

/** Empties a namespace that is being deleted, then lets it go. It waits for Pods by watching them, not by asking. */
export function createNamespaceController(shared: Shared): Controller {
  const { informers, client } = shared;
  const namespaces = informers.of<V1Namespace>(NAMESPACES);

  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const namespace = namespaces.get(undefined, name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return undefined;
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) return undefined;
    const left = (await Promise.all(namespacedResources(informers).map((info) => empty(shared, info, name)))).reduce((total, count) => total + count, 0);
    // What is left has finalizers or is a Pod with time to end: its going brings us back.
    if (left > 0) return undefined;
    const spec = { ...namespace.spec, finalizers: finalizers.filter((one) => one !== FINALIZER) };
    await ignoreGone(client.resource<V1Namespace>(NAMESPACES).update({ ...namespace, spec }, { subresource: 'finalize' }));
    return undefined;
  };

  const controller = createController({ ...shared, name: 'namespace', reconcile });
  namespaces.onChange(
    ({ type, object }) => type !== 'deleted' && object.metadata.deletionTimestamp !== undefined && controller.add(object.metadata.name ?? ''),
  );
  informers.onEach(({ info, informer }) => {
    if (!info.namespaced) return;
    informer.onChange(({ type, object }) => {
      const name = object.metadata.namespace ?? '';
      if (type === 'deleted' && namespaces.get(undefined, name)?.metadata.deletionTimestamp !== undefined) controller.add(name);
    });
  });
  return controller;
}

/** Deletes what isn't told to go yet; answers how much is there after that. */
async function empty(shared: Shared, info: ResourceInfo, namespace: string): Promise<number> {
  const resource = shared.client.resource<KubeObject>(info);
  const { items } = await resource.list({ namespace });
  await Promise.all(
    items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => ignoreGone(resource.delete(metadata.name ?? '', namespace, { propagationPolicy: 'Background' }))),
  );
  return items.length === 0 ? 0 : (await resource.list({ namespace })).items.length;
}

/** One version of each; events last of all are made by the deletion of the others, and go with them. */
function namespacedResources(informers: Shared['informers']): readonly ResourceInfo[] {
  const seen = new Set<string>();
  return [...SERVED_RESOURCES, ...informers.entries().map(({ info }) => info)].filter(({ group, resource, namespaced }) => {
    const key = resource === 'events' ? resource : `${group}/${resource}`;
    if (!namespaced || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
