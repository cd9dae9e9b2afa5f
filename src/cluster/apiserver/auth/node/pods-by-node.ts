import type { KubeObject, V1Pod } from '#cluster/api';
import { collectionPrefix, objectKey } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';

const PODS = { group: '', resource: 'pods' };

/** Which Pods run where, kept by the cache's changes. */
export class PodsByNode implements Disposable {
  readonly #cache: ObjectCache;
  readonly #nodes = new Map<string, Set<string>>();
  readonly #listening: Disposable;

  /** The cache must have started. */
  constructor(cache: ObjectCache) {
    this.#cache = cache;
    const pods = cache.collection(collectionPrefix(PODS));
    for (const key of pods.keys('')) this.#put(key, pods.get(key));
    this.#listening = pods.listen(({ type, key, object, previous }) => {
      if (previous && nodeOf(previous) !== (type === 'put' ? nodeOf(object) : undefined)) this.#drop(key, previous);
      if (type === 'put') this.#put(key, object);
    });
  }

  /** The Pods that are bound to the node. */
  *on(node: string): Generator<V1Pod> {
    // What stands under the Pods' keys was decoded as Pods.
    for (const key of this.#nodes.get(node) ?? []) yield this.#cache.get(key) as V1Pod;
  }

  /** Whether that Pod is bound to the node. */
  isOn(node: string, namespace: string, name: string): boolean {
    return this.#nodes.get(node)?.has(objectKey(PODS, namespace, name)) === true;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #put(key: string, pod: KubeObject | undefined): void {
    const node = pod && nodeOf(pod);
    if (node === undefined) return;
    const keys = this.#nodes.get(node) ?? new Set();
    this.#nodes.set(node, keys.add(key));
  }

  #drop(key: string, pod: KubeObject): void {
    const node = nodeOf(pod) ?? '';
    const keys = this.#nodes.get(node);
    keys?.delete(key);
    if (keys?.size === 0) this.#nodes.delete(node);
  }
}

function nodeOf(object: KubeObject): string | undefined {
  // As above.
  return (object as V1Pod).spec?.nodeName || undefined;
}
