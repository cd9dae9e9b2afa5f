/** What every Kubernetes object has. Kinds' own types are generated (`generated/types.ts`): V1Pod, V1Service, … */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  /** Of older versions; nothing keeps it. */
  selfLink?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339, seconds. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Which collection: `{group: 'apps', version: 'v1', resource: 'deployments'}`; the core group is ''. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** One resource of the table that drives the API server. */
export interface ResourceInfo extends ResourceRef {
  readonly kind: string;
  readonly listKind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'connect';

export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A request to the API, whatever brought it: HTTP's are translated at the edge, those of one's own process come as they are. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly resource: ResourceRef;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** Query parameters by their HTTP names: labelSelector, fieldSelector, limit, continue, resourceVersion, dryRun, fieldManager, force, … */
  readonly query: Readonly<Record<string, string>>;
  /** Parsed body. Whoever sends it must not change it afterwards. */
  readonly body?: unknown;
  /** What the text of the body says twice, in words: warned of, or refused, as unknown fields are. */
  readonly repeated?: readonly string[];
  /** For patch: `application/json-patch+json`, `application/merge-patch+json`, `application/strategic-merge-patch+json`, `application/apply-patch+yaml`. */
  readonly contentType?: string;
  readonly user: UserInfo;
  readonly signal?: AbortSignal;
}

/** Objects in a response are shared by all readers and frozen: clone before changing. */
export type ApiResponse =
  | { readonly kind: 'object'; readonly status: number; readonly object: unknown; readonly warnings?: readonly string[] }
  | { readonly kind: 'list'; readonly list: KubeList; readonly warnings?: readonly string[] }
  | { readonly kind: 'watch'; readonly events: AsyncIterable<WatchEvent>; readonly warnings?: readonly string[] };

export interface KubeList<T = KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly T[];
}
export type WatchEvent<T = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | {
      readonly type: 'BOOKMARK';
      readonly object: {
        readonly apiVersion: string;
        readonly kind: string;
        readonly metadata: { readonly resourceVersion: string; readonly annotations?: Record<string, string> };
      };
    }
  | { readonly type: 'ERROR'; readonly object: Status };

/** Kubernetes' error shape (meta/v1 Status). */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { /** Of a list that is to go on otherwise than it began. */ readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly code: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly StatusCause[];
  };
}
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What the API server is to those in its own process, and what the client speaks to by HTTP. Rejects with `StatusError`. */
export interface ApiHandler {
  handle(request: ApiRequest): Promise<ApiResponse>;
}
