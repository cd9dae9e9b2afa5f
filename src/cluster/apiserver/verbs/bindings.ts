import { type ApiRequest, badRequest } from '#cluster/api';

/** The resource that binds Pods by their names in the body; `pods/NAME/binding` says the same. */
export const BINDINGS = {
  group: '',
  version: 'v1',
  resource: 'bindings',
  kind: 'Binding',
  singular: 'binding',
  namespaced: true,
  verbs: ['create'],
  shortNames: [],
  categories: [],
  subresources: [],
};

/** The request on the Pod that a Binding names. Errors: 400 where it names none. */
export function bindingOfPod(request: ApiRequest): ApiRequest {
  // Read field by field.
  const { metadata } = (request.body ?? {}) as { metadata?: { name?: unknown } };
  if (typeof metadata?.name !== 'string' || metadata.name === '') throw badRequest('Cannot bind: metadata.name, the name of the pod, is required');
  return { ...request, resource: { group: '', version: 'v1', resource: 'pods' }, name: metadata.name, subresource: 'binding' };
}
