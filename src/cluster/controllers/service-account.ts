import type { V1ConfigMap, V1Namespace, V1ServiceAccount } from '#cluster/api';
import { CONFIG_MAPS, type Controller, createController, isStatus, NAMESPACES, type ReconcileResult, SERVICE_ACCOUNTS } from '#cluster/client';
import type { Shared } from './types.ts';

const ACCOUNT = 'default';
const CA_MAP = 'kube-root-ca.crt';

/** Gives each namespace the account `default` and the ConfigMap with the API server's authority, and restores both. */
export function createServiceAccountController(shared: Shared): Controller {
  const { informers, client, settings } = shared;
  const namespaces = informers.of<V1Namespace>(NAMESPACES);
  const accounts = informers.of<V1ServiceAccount>(SERVICE_ACCOUNTS);
  const maps = informers.of<V1ConfigMap>(CONFIG_MAPS);

  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const namespace = namespaces.get(undefined, name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
    if (accounts.get(name, ACCOUNT) === undefined) {
      await present(
        client.resource<V1ServiceAccount>(SERVICE_ACCOUNTS).create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: name } }),
      );
    }
    if (settings.rootCa === undefined) return undefined;
    const map = maps.get(name, CA_MAP);
    const wanted: V1ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CA_MAP, namespace: name }, data: { 'ca.crt': settings.rootCa } };
    if (map === undefined) await present(client.resource<V1ConfigMap>(CONFIG_MAPS).create(wanted));
    else if (map.data?.['ca.crt'] !== settings.rootCa) await client.resource<V1ConfigMap>(CONFIG_MAPS).update({ ...map, data: wanted.data ?? {} });
    return undefined;
  };

  const controller = createController({ ...shared, name: 'serviceaccount', reconcile });
  namespaces.onChange(({ type, object }) => type !== 'deleted' && controller.add(object.metadata.name ?? ''));
  accounts.onChange(({ type, object }) => type === 'deleted' && object.metadata.name === ACCOUNT && controller.add(object.metadata.namespace ?? ''));
  maps.onChange(({ type, object }) => type !== 'added' && object.metadata.name === CA_MAP && controller.add(object.metadata.namespace ?? ''));
  return controller;
}

/** There already, or the namespace is ending: both are as they should be. */
async function present(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists', 'Forbidden', 'NotFound')) throw error;
  }
}
