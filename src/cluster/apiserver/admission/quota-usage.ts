import { isDeepStrictEqual } from 'node:util';
import { type Amounts, type KubeObject, quotaAmounts, quotaCovers, type V1ResourceQuota } from '#cluster/api';
import { collectionPrefix, objectKey } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { Served } from '../kinds.ts';

const QUOTAS = { group: '', resource: 'resourcequotas' };

interface Tally extends Disposable {
  readonly spec: V1ResourceQuota['spec'];
  readonly amounts: Record<string, bigint>;
}

/** What namespaces take of their quotas, counted once over the objects that stand there and then by each change of the cache. */
export class QuotaUsage implements Disposable {
  readonly #cache: ObjectCache;
  /** By quota, then by the collection that is counted. */
  readonly #tallies = new Map<string, Map<string, Tally>>();
  readonly #listening: Disposable;

  /** The cache must have started. */
  constructor(cache: ObjectCache) {
    this.#cache = cache;
    this.#listening = cache.collection(collectionPrefix(QUOTAS)).listen(({ type, key, object }) => {
      // What stands under a quota's key was decoded as one.
      const { spec } = object as V1ResourceQuota;
      const [known] = this.#tallies.get(key)?.values() ?? [];
      if (type === 'delete' || (known !== undefined && !isDeepStrictEqual(known.spec, spec))) this.#forget(key);
    });
  }

  /** What the objects of one resource take of the quota now. */
  used(quota: V1ResourceQuota, served: Served): Amounts {
    const key = objectKey(QUOTAS, quota.metadata.namespace, quota.metadata.name ?? '');
    const tallies = this.#tallies.get(key) ?? new Map<string, Tally>();
    this.#tallies.set(key, tallies);
    const tally = tallies.get(served.prefix) ?? this.#count(quota, served);
    tallies.set(served.prefix, tally);
    return tally.amounts;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    for (const key of [...this.#tallies.keys()]) this.#forget(key);
  }

  #forget(key: string): void {
    for (const tally of this.#tallies.get(key)?.values() ?? []) tally[Symbol.dispose]();
    this.#tallies.delete(key);
  }

  #count(quota: V1ResourceQuota, { prefix, info }: Served): Tally {
    const inNamespace = `${prefix}${quota.metadata.namespace}/`;
    const collection = this.#cache.collection(prefix);
    const amounts: Record<string, bigint> = {};
    const add = (object: KubeObject, sign: 1n | -1n) => {
      if (!quotaCovers(quota, info, object)) return;
      for (const [name, amount] of Object.entries(quotaAmounts(info, object))) amounts[name] = (amounts[name] ?? 0n) + sign * amount;
    };
    for (const key of collection.keys(inNamespace)) {
      const object = collection.get(key);
      if (object) add(object, 1n);
    }
    const listening = collection.listen(({ type, key, object, previous }) => {
      if (!key.startsWith(inNamespace)) return;
      if (previous) add(previous, -1n);
      if (type === 'put') add(object, 1n);
    });
    return { spec: quota.spec, amounts, [Symbol.dispose]: () => listening[Symbol.dispose]() };
  }
}
