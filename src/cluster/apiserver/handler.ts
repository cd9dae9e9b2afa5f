import { type ApiHandler, type ApiRequest, type ApiResponse, deprecationOf, StatusError } from '#cluster/api';
import { attributesOf } from './auth/attributes.ts';
import type { Authenticator } from './auth/authenticate.ts';
import type { Context } from './context.ts';
import { methodNotAllowed, noSuchPath } from './errors.ts';
import { isResource, type Served } from './kinds.ts';
import { VIRTUAL } from './discovery/virtual.ts';
import { handleMetrics } from './metrics/serve.ts';
import type { Usage } from './metrics/usage.ts';
import { handleReview } from './auth/reviews.ts';
import { createToken } from './auth/tokens/token-request.ts';
import { BINDINGS, bindingOfPod } from './verbs/bindings.ts';
import { COMPONENTS, handleComponents } from './verbs/component-statuses.ts';
import { create } from './verbs/create.ts';
import { deleteCollection, deleteOne } from './verbs/delete.ts';
import { get } from './verbs/get.ts';
import { list } from './verbs/list.ts';
import { patch } from './verbs/patch.ts';
import { handleSubresource } from './verbs/subresource.ts';
import { update } from './verbs/update.ts';
import { watch } from './verbs/watch.ts';
import { checkWriteOptions } from './verbs/write-options.ts';

/** Every request to the API, from the edge or from one's own process: authorized, then answered by its verb. */
export class RequestHandler implements ApiHandler {
  readonly #context: Context;
  readonly #usage: Usage;
  readonly #authenticator: Authenticator;

  constructor(context: Context, usage: Usage, authenticator: Authenticator) {
    this.#context = context;
    this.#usage = usage;
    this.#authenticator = authenticator;
  }

  handle(request: ApiRequest): Promise<ApiResponse> {
    return this.#context.metrics.measure(request, () => this.#answer(request));
  }

  async #answer(request: ApiRequest): Promise<ApiResponse> {
    refuseForeignScope(this.#context.kinds, request);
    // Before anything is looked for: who may not is not told what there is.
    this.#context.authorizer.require(request.user, attributesOf(request, request.verb));
    checkWriteOptions(request);
    const virtual = await this.#virtual(request);
    if (virtual) return virtual;
    const served = this.#context.kinds.find(request.resource);
    if (!served) throw noSuchPath();
    if (served.info.namespaced && request.namespace === undefined) {
      if (request.name !== undefined) throw noSuchPath();
      if (request.verb === 'create' || request.verb === 'deletecollection') throw methodNotAllowed();
    }
    return await told(deprecationOf(served.info), () => this.#byVerb(served, request));
  }

  /** What is answered without being stored. */
  async #virtual(request: ApiRequest): Promise<ApiResponse | undefined> {
    const { group, resource } = request.resource;
    if (group === '' && resource === COMPONENTS.resource) return await handleComponents(this.#context, request);
    if (group === '' && resource === BINDINGS.resource) return await this.#bind(request);
    if (group === 'metrics.k8s.io') return await handleMetrics(this.#context, this.#usage, request);
    if (group !== 'authorization.k8s.io' && group !== 'authentication.k8s.io') return undefined;
    return handleReview(request, { authorizer: this.#context.authorizer, authenticator: this.#authenticator, clock: this.#context.clock });
  }

  async #bind(request: ApiRequest): Promise<ApiResponse> {
    if (request.verb !== 'create' || request.name !== undefined) throw methodNotAllowed();
    const onPod = bindingOfPod(request);
    const served = this.#context.kinds.find(onPod.resource);
    if (!served) throw noSuchPath();
    return await this.#byVerb(served, onPod);
  }

  async #byVerb(served: Served, request: ApiRequest): Promise<ApiResponse> {
    const context = this.#context;
    if (!served.info.verbs.includes(request.verb)) throw methodNotAllowed();
    if (request.subresource === 'token' && isResource(served, '', 'serviceaccounts') && request.verb === 'create') return createToken(context, request);
    if (request.subresource === 'approval') return await this.#approval(served, request);
    if (request.subresource !== undefined) return await handleSubresource(context, served, request, request.subresource);
    switch (request.verb) {
      case 'get':
        return await get(context, served, request);
      case 'list':
        return await list(context, served, request);
      case 'watch':
        return await watch(context, served, request);
      case 'create':
        return await create(context, served, request);
      case 'update':
        return await update(context, served, request);
      case 'patch':
        return await patch(context, served, request);
      case 'delete':
        return await deleteOne(context, served, request);
      case 'deletecollection':
        return await deleteCollection(context, served, request);
      case 'connect':
        throw methodNotAllowed();
    }
  }

  /** The conditions of a request for a certificate, which those set who may approve. */
  async #approval(served: Served, request: ApiRequest): Promise<ApiResponse> {
    if (!served.info.subresources.includes('approval') || request.name === undefined) throw noSuchPath();
    if (request.verb === 'get') return await get(this.#context, served, request);
    if (request.verb === 'update') return await update(this.#context, served, request);
    if (request.verb === 'patch') return await patch(this.#context, served, request);
    throw methodNotAllowed();
  }
}

/** The answer, or the refusal, with that warning before its others. */
async function told(warning: string | undefined, answer: () => Promise<ApiResponse>): Promise<ApiResponse> {
  if (warning === undefined) return await answer();
  try {
    const given = await answer();
    return { ...given, warnings: [warning, ...(given.warnings ?? [])] };
  } catch (error) {
    if (error instanceof StatusError) error.warnings = [warning, ...error.warnings];
    throw error;
  }
}

/** What belongs to no namespace is not found in one: rights that count there must not reach it. Errors: 404. */
function refuseForeignScope(kinds: Context['kinds'], { resource: asked, namespace }: ApiRequest): void {
  if (namespace === undefined) return;
  const { group, version, resource } = asked;
  const virtual = VIRTUAL.find((one) => one.group === group && one.version === version && one.resource === resource);
  const namespaced = kinds.find(asked)?.info.namespaced ?? virtual?.namespaced ?? true;
  if (!namespaced) throw noSuchPath();
}
