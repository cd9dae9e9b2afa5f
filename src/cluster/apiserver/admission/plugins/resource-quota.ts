import { type Amounts, amountText, forbidden, type KubeObject, parseQuantity, quotaAmounts, quotaCovers, type V1Pod, type V1ResourceQuota } from '#cluster/api';
import { collectionPrefix } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import type { Served } from '../../kinds.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin, AdmissionTarget } from '../types.ts';

const QUOTAS = { group: '', resource: 'resourcequotas' };
/** Of what of a Pod a quota wants to know it may be that it is not said. */
const COMPUTE = /^(?:(?:requests|limits)\.)?(?:cpu|memory)$/;

/**
 * What a namespace's objects may take together. Counted are the objects that stand there, not what the quota's status says of them;
 * writes of a namespace that has quotas wait for one another, so that no two take the last of it.
 */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  handles: counts,
  holds: ({ cache }, target) => (counts(target) && quotasOf(cache, target.namespace ?? '').length > 0 ? `quota/${target.namespace}` : undefined),
  validate({ cache, usage }, { served, object, old, namespace = '', name }) {
    if (object === undefined) return;
    for (const quota of quotasOf(cache, namespace)) {
      if (!quotaCovers(quota, served.info, object)) continue;
      const before = old !== undefined && quotaCovers(quota, served.info, old) ? quotaAmounts(served.info, old) : {};
      const taken = increase(quotaAmounts(served.info, object), before);
      const why = exceeded(quota, usage.used(quota, served), taken) ?? unsaid(quota, served, object);
      if (why !== undefined) throw forbidden(served.info, name, why);
    }
  },
};

/** New objects, and those which by a change may take more. */
function counts({ operation, served, subresource }: AdmissionTarget): boolean {
  if (subresource === 'resize') return isResource(served, '', 'pods');
  if (subresource !== undefined || operation === 'DELETE' || !served.info.namespaced || served.info.resource === 'events') return false;
  return operation === 'CREATE' || isResource(served, '', 'services') || isResource(served, '', 'persistentvolumeclaims');
}

function quotasOf(cache: ObjectCache, namespace: string): readonly V1ResourceQuota[] {
  const prefix = collectionPrefix(QUOTAS);
  const collection = cache.collection(prefix);
  if (collection.size === 0) return [];
  // What stands under a quota's key was decoded as one.
  return collection.keys(`${prefix}${namespace}/`).map((key) => collection.get(key) as V1ResourceQuota);
}

function increase(after: Amounts, before: Amounts): Amounts {
  return Object.fromEntries(Object.entries(after).flatMap(([name, amount]) => (amount > (before[name] ?? 0n) ? [[name, amount - (before[name] ?? 0n)]] : [])));
}

function exceeded(quota: V1ResourceQuota, used: Amounts, taken: Amounts): string | undefined {
  const hard = quota.spec?.hard ?? {};
  const limited = Object.keys(hard).filter((name) => taken[name] !== undefined);
  if (limited.length === 0) return undefined;
  const over = limited.filter((name) => (used[name] ?? 0n) + (taken[name] ?? 0n) > parseQuantity(hard[name] ?? '0')).toSorted();
  if (over.length === 0) return undefined;
  const list = (text: (name: string) => string) => over.map((name) => `${name}=${text(name)}`).join(',');
  return (
    `exceeded quota: ${quota.metadata.name}, requested: ${list((name) => amountText(name, taken[name] ?? 0n))}, ` +
    `used: ${list((name) => amountText(name, used[name] ?? 0n))}, limited: ${list((name) => hard[name] ?? '')}`
  );
}

/** A Pod has to say how much it takes of what is limited. */
function unsaid(quota: V1ResourceQuota, served: Served, object: KubeObject): string | undefined {
  if (!isResource(served, '', 'pods')) return undefined;
  // Decoded as a Pod.
  const { spec } = object as V1Pod;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const missing = Object.keys(quota.spec?.hard ?? {})
    .filter((name) => COMPUTE.test(name))
    .toSorted()
    .flatMap((name) => {
      const [which, plain] = name.startsWith('limits.') ? (['limits', name.slice(7)] as const) : (['requests', name.replace('requests.', '')] as const);
      const silent = containers.filter(({ resources }) => resources?.[which]?.[plain] === undefined).map((one) => one.name);
      return silent.length === 0 ? [] : [`${name} for: ${silent.join(',')}`];
    });
  return missing.length === 0 ? undefined : `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`;
}
