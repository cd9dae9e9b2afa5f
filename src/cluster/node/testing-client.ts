import { type KubeObject, mergePatch, notFound, type ResourceRef, StatusError, type WatchEvent } from '#cluster/api';
import type { ClusterClient, ListOptions, ResourceClient } from '#cluster/client';

type Fields = KubeObject & { spec?: { nodeName?: string } };

/** A cluster's API as far as the agent's tests need it: objects, watches, Pods that wait for their node when deleted. */
export class TestingCluster implements ClusterClient {
  readonly #objects = new Map<string, KubeObject>();
  readonly #watchers = new Set<(key: string, event: WatchEvent) => void>();
  #revision = 1;
  #tokens = 0;
  readonly #now_ms: () => number;

  constructor(now_ms: () => number = () => 0) {
    this.#now_ms = now_ms;
  }

  resource<T extends KubeObject>(ref: ResourceRef): ResourceClient<T> {
    // Tests ask for what they put in.
    return this.#client(ref) as ResourceClient<KubeObject> as ResourceClient<T>;
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  all(resource: string): readonly KubeObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object);
  }

  /** Kubernetes' way to ask a Pod to end. */
  markDeleted(name: string, grace_seconds: number, now_ms: number): void {
    const key = `pods/default/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) throw notFound({ group: '', resource: 'pods' }, name);
    const deletionTimestamp = new Date(now_ms + grace_seconds * 1000).toISOString();
    this.#put(key, { ...object, metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace_seconds } });
  }

  #client(ref: ResourceRef): ResourceClient<KubeObject> {
    const { resource } = ref;
    const keyOf = (namespace: string | undefined, name: string) => `${resource}/${namespace ?? ''}/${name}`;
    const find = (namespace: string | undefined, name: string) => {
      const object = this.#objects.get(keyOf(namespace, name));
      if (object === undefined) throw notFound(ref, name);
      return object;
    };
    return {
      get: async (name, namespace) => find(namespace, name),
      list: async (options = {}) => ({
        apiVersion: 'v1',
        kind: 'List',
        metadata: { resourceVersion: String(this.#revision) },
        items: this.all(resource).filter((object) => fits(object, options)),
      }),
      watch: (options) => this.#watch(resource, options),
      create: async (object, { subresource } = {}) => {
        if (subresource === 'token') return this.#issue(object);
        const { namespace, name = '' } = object.metadata;
        return this.#put(keyOf(namespace, name), { ...structuredClone(object), metadata: { uid: `uid-${name}`, ...object.metadata } });
      },
      update: async (object) => this.#put(keyOf(object.metadata.namespace, object.metadata.name ?? ''), object),
      // What a test patches stays the object that it was.
      patch: async (name, namespace, _type, patch) => this.#put(keyOf(namespace, name), mergePatch(find(namespace, name), patch) as KubeObject),
      apply: async ({ metadata: { name, namespace }, ...fields }) => this.#put(keyOf(namespace, name), mergePatch(find(namespace, name), fields) as KubeObject),
      delete: async (name, namespace, { preconditions } = {}) => {
        const object = find(namespace, name);
        if (preconditions?.uid !== undefined && preconditions.uid !== object.metadata.uid) throw new StatusError(409, 'Conflict', 'another uid');
        this.#objects.delete(keyOf(namespace, name));
        this.#tell(keyOf(namespace, name), { type: 'DELETED', object: stamped(object, ++this.#revision) });
      },
    };
  }

  /** Tokens count up. */
  #issue(request: KubeObject & { spec?: { expirationSeconds?: number } }): KubeObject {
    const expirationTimestamp = new Date(this.#now_ms() + (request.spec?.expirationSeconds ?? 0) * 1000).toISOString();
    return Object.assign({}, request, { status: { token: `token-${++this.#tokens}`, expirationTimestamp } });
  }

  #put(key: string, object: KubeObject): KubeObject {
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const next = stamped(object, ++this.#revision);
    this.#objects.set(key, next);
    this.#tell(key, { type, object: next });
    return next;
  }

  #tell(key: string, event: WatchEvent): void {
    for (const watcher of this.#watchers) watcher(key, event);
  }

  async *#watch(resource: string, options: ListOptions): AsyncIterable<WatchEvent> {
    const waiting: WatchEvent[] = [];
    let wake = Promise.withResolvers<void>();
    const watcher = (key: string, event: WatchEvent) => {
      if (!key.startsWith(`${resource}/`) || event.type === 'BOOKMARK' || event.type === 'ERROR' || !fits(event.object, options)) return;
      waiting.push(event);
      wake.resolve();
    };
    this.#watchers.add(watcher);
    options.signal?.addEventListener('abort', () => wake.resolve());
    try {
      while (!options.signal?.aborted) {
        const event = waiting.shift();
        if (event !== undefined) yield event;
        else await wake.promise.then(() => (wake = Promise.withResolvers()));
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}

function stamped(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function fits(object: KubeObject, { namespace, fieldSelector }: ListOptions): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const [field, value] = fieldSelector?.split('=') ?? [];
  // Only Pods are asked for by their node.
  if (field === 'spec.nodeName') return (object as Fields).spec?.nodeName === value;
  return field === 'metadata.name' ? object.metadata.name === value : true;
}
