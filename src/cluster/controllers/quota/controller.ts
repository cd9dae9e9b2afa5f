import { isDeepStrictEqual } from 'node:util';
import { amountText, type KubeObject, quotaAmounts, quotaCovers, type ResourceInfo, type ResourceRef, type V1ResourceQuota } from '#cluster/api';
import { type Controller, createController, type ReconcileResult } from '#cluster/client';
import { splitKey } from '../keys.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';

const QUOTAS: ResourceRef = { group: '', version: 'v1', resource: 'resourcequotas' };

/** Writes into each quota's status what its namespace takes of it. Whether more is let in is admission's to say, by the objects themselves. */
export function createQuotaController(shared: Shared): Controller {
  const { informers, client } = shared;
  const quotas = informers.of<V1ResourceQuota>(QUOTAS);
  const counted = informers.entries().filter(({ info }) => info.namespaced);

  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const { namespace = '', name } = splitKey(key);
    const quota = quotas.get(namespace, name);
    if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) return undefined;
    const status = quotaStatus(
      quota,
      counted.flatMap(({ info, informer }) => informer.list(namespace).map((object) => ({ info, object }))),
    );
    if (isDeepStrictEqual(status, quota.status)) return undefined;
    await ignoreGone(client.resource<V1ResourceQuota>(QUOTAS).update({ ...quota, status }, { subresource: 'status' }));
    return undefined;
  };

  const controller = createController({ ...shared, name: 'resourcequota', reconcile });
  quotas.onChange(({ type, object, previous }) => {
    // What others write into the status stays until something is counted anew.
    if (type === 'deleted' || (previous !== undefined && isDeepStrictEqual(object.spec, previous.spec))) return;
    controller.add(`${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`);
  });
  for (const { info, informer } of counted) {
    informer.onChange(({ type, object, previous }) => {
      const { namespace = '' } = object.metadata;
      const concerned = quotas.list(namespace);
      if (concerned.length === 0 || (type === 'updated' && sameUse(info, object, previous))) return;
      for (const { metadata } of concerned) controller.add(`${namespace}/${metadata.name ?? ''}`);
    });
  }
  return controller;
}

function sameUse(info: ResourceInfo, object: KubeObject, previous: KubeObject | undefined): boolean {
  return previous !== undefined && isDeepStrictEqual(quotaAmounts(info, object), quotaAmounts(info, previous));
}

/** What a quota's status has to say, given its namespace's objects. Pure. */
export function quotaStatus(
  quota: V1ResourceQuota,
  objects: readonly { readonly info: Pick<ResourceInfo, 'group' | 'resource'>; readonly object: KubeObject }[],
): NonNullable<V1ResourceQuota['status']> {
  const hard = quota.spec?.hard ?? {};
  const used: Record<string, bigint> = Object.fromEntries(Object.keys(hard).map((name) => [name, 0n]));
  for (const { info, object } of objects) {
    if (!quotaCovers(quota, info, object)) continue;
    const amounts = quotaAmounts(info, object);
    for (const name of Object.keys(used)) used[name] = (used[name] ?? 0n) + (amounts[name] ?? 0n);
  }
  return { hard: { ...hard }, used: Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, amountText(name, amount)])) };
}
