import type { ApiHandler, ApiRequest, KubeList, KubeObject, ResourceRef, UserInfo, WatchEvent } from '#cluster/api';
import { UnexpectedAnswerError } from './errors.ts';
import type { RefOf } from './kind-ref.ts';
import type { Applied, ClusterClient, DeleteOptions, GetOptions, ListOptions, PatchType, ResourceClient, WriteOptions } from './types.ts';

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** A client of an API server in the same process: no sockets, no copies. What it hands out is shared and frozen. */
export function inProcessClient(handler: ApiHandler, user: UserInfo): ClusterClient {
  return handlerClient(handler, user, () => undefined);
}

/** A client over whatever handles requests. */
export function handlerClient(handler: ApiHandler, user: UserInfo, onClose: () => void): ClusterClient {
  const closing = new AbortController();
  return {
    resource: <T extends KubeObject>(ref: RefOf<T>) => new HandlerResourceClient<T>(handler, user, ref, closing.signal),
    async close() {
      closing.abort();
      onClose();
    },
  };
}

class HandlerResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #handler: ApiHandler;
  readonly #user: UserInfo;
  readonly #ref: ResourceRef;
  readonly #closing: AbortSignal;

  constructor(handler: ApiHandler, user: UserInfo, ref: ResourceRef, closing: AbortSignal) {
    this.#handler = handler;
    this.#user = user;
    this.#ref = ref;
    this.#closing = closing;
  }

  get(name: string, namespace?: string, options: GetOptions = {}): Promise<T> {
    return this.#object({ verb: 'get', ...at(namespace, name, options.subresource), query: {} });
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    const response = await this.#send({ verb: 'list', ...at(options.namespace), query: listQuery(options) }, options.signal);
    if (response.kind !== 'list') throw new UnexpectedAnswerError(`list ${this.#ref.resource}`, response.kind);
    // The server answers a list of the resource that was asked for; T is what the caller says that is.
    return response.list as KubeList<T>;
  }

  async *watch(options: ListOptions & { readonly allowBookmarks?: boolean }): AsyncIterable<WatchEvent<T>> {
    const query = { ...listQuery(options), watch: 'true', ...(options.allowBookmarks ? { allowWatchBookmarks: 'true' } : {}) };
    const response = await this.#send({ verb: 'watch', ...at(options.namespace), query }, options.signal);
    if (response.kind !== 'watch') throw new UnexpectedAnswerError(`watch ${this.#ref.resource}`, response.kind);
    // As with list.
    yield* response.events as AsyncIterable<WatchEvent<T>>;
  }

  create(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.#object({
      verb: 'create',
      ...at(namespace, options.subresource === undefined ? undefined : name, options.subresource),
      query: writeQuery(options),
      body: object,
    });
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.#object({ verb: 'update', ...at(namespace, name, options.subresource), query: writeQuery(options), body: object });
  }

  patch(name: string, namespace: string | undefined, type: PatchType, patch: unknown, options: WriteOptions = {}): Promise<T> {
    return this.#object({
      verb: 'patch',
      ...at(namespace, name, options.subresource),
      query: writeQuery(options),
      body: patch,
      contentType: PATCH_TYPES[type],
    });
  }

  apply(object: Applied<T>, options: WriteOptions & { readonly fieldManager: string }): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.patch(name, namespace, 'apply', object, options);
  }

  async delete(name: string, namespace?: string, options: DeleteOptions = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
    await this.#object({ verb: 'delete', ...at(namespace, name), query: {}, body });
  }

  async #object(request: Partial<ApiRequest> & Pick<ApiRequest, 'verb' | 'query'>): Promise<T> {
    const response = await this.#send(request, undefined);
    if (response.kind !== 'object') throw new UnexpectedAnswerError(`${request.verb} ${this.#ref.resource}`, response.kind);
    // As with list.
    return response.object as T;
  }

  #send(request: Partial<ApiRequest> & Pick<ApiRequest, 'verb' | 'query'>, signal: AbortSignal | undefined) {
    const both = signal === undefined ? this.#closing : AbortSignal.any([signal, this.#closing]);
    const long = request.verb === 'watch' || signal !== undefined;
    return this.#handler.handle({ ...request, resource: this.#ref, user: this.#user, ...(long ? { signal: both } : {}) });
  }
}

function at(namespace?: string, name?: string, subresource?: string): Pick<ApiRequest, 'namespace' | 'name' | 'subresource'> {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function listQuery({ labelSelector, fieldSelector, limit, continue: next, resourceVersion }: ListOptions): Record<string, string> {
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(next === undefined ? {} : { continue: next }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function writeQuery({ fieldManager, force, dryRun, fieldValidation }: WriteOptions): Record<string, string> {
  return {
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(force ? { force: 'true' } : {}),
    ...(dryRun ? { dryRun: 'All' } : {}),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
  };
}
