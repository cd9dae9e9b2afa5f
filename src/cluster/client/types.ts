import type { KubeList, KubeObject, ResourceRef, WatchEvent } from '#cluster/api';

/** The client library: over HTTP or in one process, with one interface. Rejects with `StatusError`. */
export interface ClusterClient {
  resource<T extends KubeObject = KubeObject>(ref: ResourceRef): ResourceClient<T>;
  close(): Promise<void>;
}
export interface ListOptions {
  /** All namespaces without it. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
export interface WriteOptions {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
/** Objects that come from here are shared and frozen: `structuredClone` before changing. */
export interface ResourceClient<T extends KubeObject> {
  get(name: string, namespace?: string): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  watch(options: ListOptions & { readonly allowBookmarks?: boolean }): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, namespace: string | undefined, type: PatchType, patch: unknown, options?: WriteOptions): Promise<T>;
  delete(name: string, namespace?: string, options?: DeleteOptions): Promise<void>;
}

/**
 * A cache of one resource that follows it by list and watch, and survives disconnects and 410. Handlers are told after the
 * cache changed.
 */
export interface Informer<T extends KubeObject> {
  /** Resolves when the first list is in the cache. */
  start(): Promise<void>;
  stop(): Promise<void>;
  get(namespace: string | undefined, name: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects by an index that was named when the informer was made. */
  byIndex(index: string, value: string): readonly T[];
  onChange(handler: (change: { readonly type: 'added' | 'updated' | 'deleted'; readonly object: T; readonly previous?: T }) => void): Disposable;
}
