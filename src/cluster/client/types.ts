import type { KubeList, KubeObject, ObjectMeta, WatchEvent } from '#cluster/api';
import type { RefOf } from './kind-ref.ts';

/** The client library: over HTTP or in one process, with one interface. Rejects with `StatusError`. */
export interface ClusterClient {
  /** Objects of one kind: `client.resource(Deployment)`. */
  resource<T extends KubeObject = KubeObject>(ref: RefOf<T>): ResourceClient<T>;
  close(): Promise<void>;
}
/** Where an API server is and who asks. All of it PEM or text; times and files are the caller's. */
export interface ServerAccess {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate; the system's authorities without it. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** A bearer token; one that changes in time is asked for with each request. */
  readonly token?: string | (() => Promise<string>);
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly userAgent?: string;
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
export interface GetOptions {
  /** `scale`, `status`. */
  readonly subresource?: string;
}
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
export interface WriteOptions {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** What to do about fields that the kind has not; the server warns without it. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
/** Objects that come from here are shared and frozen: `structuredClone` before changing. */
export interface ResourceClient<T extends KubeObject> {
  get(name: string, namespace?: string, options?: GetOptions): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  watch(options: ListOptions & { readonly allowBookmarks?: boolean }): AsyncIterable<WatchEvent<T>>;
  /** With `subresource` (`binding`, `eviction`) the object's name is that of the object whose subresource it is. */
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, namespace: string | undefined, type: PatchType, patch: unknown, options?: WriteOptions): Promise<T>;
  /** Server-side apply: the fields that are given are from now on this manager's. Errors: 409 where another one has them, unless `force`. */
  apply(object: Applied<T>, options: WriteOptions & { readonly fieldManager: string }): Promise<T>;
  delete(name: string, namespace?: string, options?: DeleteOptions): Promise<void>;
}

/** Some of an object's fields, as server-side apply takes them. */
export type Applied<T extends KubeObject> = { apiVersion: string; kind: string; metadata: ObjectMeta & { name: string } } & {
  [Field in Exclude<keyof T, keyof KubeObject>]?: Partially<T[Field]>;
};
type Partially<T> = T extends readonly (infer Item)[] ? Partially<Item>[] : T extends object ? { [Field in keyof T]?: Partially<T[Field]> } : T;

/**
 * A cache of one resource that follows it by list and watch, and survives disconnects and 410. Handlers are told after the
 * cache changed.
 */
export interface Informer<T extends KubeObject> {
  /** Whether the first list is in the cache. */
  readonly synced: boolean;
  /** Resolves when the first list is in the cache. Rejects with `INFORMER_STOPPED`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  get(namespace: string | undefined, name: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects by an index that was named when the informer was made. */
  byIndex(index: string, value: string): readonly T[];
  onChange(handler: (change: { readonly type: 'added' | 'updated' | 'deleted'; readonly object: T; readonly previous?: T }) => void): Disposable;
}
