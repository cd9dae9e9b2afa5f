import { type ApiRequest, type ApiResponse, type KubeObject, notFound } from '#cluster/api';
import { messageOf } from '#kit';
import type { Context } from '../context.ts';
import { methodNotAllowed, noSuchPath } from '../errors.ts';

/** How the parts of the control plane are, as it was asked long ago. */
export const COMPONENTS = {
  group: '',
  version: 'v1',
  resource: 'componentstatuses',
  kind: 'ComponentStatus',
  singular: 'componentstatus',
  namespaced: false,
  verbs: ['get', 'list'],
  shortNames: ['cs'],
  categories: [],
  subresources: [],
};
const STORE = 'etcd-0';
const DEPRECATED = ['v1 ComponentStatus is deprecated in v1.19+'];

/** Answers with the one part that this server looks after, its store. Errors: 404, 405. */
export async function handleComponents(context: Context, request: ApiRequest): Promise<ApiResponse> {
  const { verb, name, subresource } = request;
  if (subresource !== undefined) throw noSuchPath();
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed();
  if (verb === 'get' && name !== STORE) throw notFound(COMPONENTS, name ?? '');
  const store = await storeStatus(context);
  if (verb === 'get') return { kind: 'object', status: 200, object: store, warnings: DEPRECATED };
  return { kind: 'list', list: { apiVersion: 'v1', kind: 'ComponentStatusList', metadata: { resourceVersion: '' }, items: [store] }, warnings: DEPRECATED };
}

async function storeStatus({ store }: Context): Promise<KubeObject> {
  const problem = await store.revision().then(() => undefined, messageOf);
  const condition =
    problem === undefined ? { type: 'Healthy', status: 'True', message: 'ok' } : { type: 'Healthy', status: 'False', message: problem, error: problem };
  const status: KubeObject & { conditions: readonly object[] } = {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name: STORE },
    conditions: [condition],
  };
  return status;
}
