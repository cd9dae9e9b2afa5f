import { type Definition, type KubeObject, type ResourceRef, resourcesOf, SERVED_RESOURCES, type ServedResource } from '#cluster/api';
import { collectionPrefix } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { findServed, refText, type Served, servedOf } from '../kinds.ts';

export const DEFINITIONS = collectionPrefix({ group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' });

/** What the API server serves now: its own resources, and those that CustomResourceDefinitions describe. It follows the cache. */
export class KindDirectory implements Disposable {
  readonly #custom = new Map<string, readonly Served[]>();
  readonly #byRef = new Map<string, Served>();
  readonly #following: Disposable;
  #revision = 0;

  /** The cache must have started. */
  constructor(cache: ObjectCache) {
    const definitions = cache.collection(DEFINITIONS);
    for (const key of definitions.keys(DEFINITIONS)) this.#put(key, definitions.get(key));
    this.#following = definitions.listen(({ key, type, object }) => this.#put(key, type === 'put' ? object : undefined));
  }

  /** Grows whenever there is something else to be served. */
  get revision(): number {
    return this.#revision;
  }

  /** Undefined where nothing of that name is served. */
  find(ref: ResourceRef): Served | undefined {
    return findServed(ref) ?? this.#byRef.get(refText(ref));
  }

  all(): readonly ServedResource[] {
    return [...SERVED_RESOURCES, ...[...this.#custom.values()].flatMap((versions) => versions.map(({ info }) => info))].filter(({ verbs }) => verbs.length > 0);
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }

  #put(key: string, object: KubeObject | undefined): void {
    this.#revision += 1;
    for (const { info } of this.#custom.get(key) ?? []) this.#byRef.delete(refText(info));
    this.#custom.delete(key);
    // What stands under the key of a definition is one.
    const resources = object === undefined ? [] : resourcesOf(object as Definition);
    const [storage] = resources;
    if (storage === undefined) return;
    const versions = resources.filter(({ verbs }) => verbs.length > 0).map((info) => servedOf(info, storage));
    this.#custom.set(key, versions);
    for (const one of versions) this.#byRef.set(refText(one.info), one);
  }
}
