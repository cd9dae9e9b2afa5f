import type { ApiRequest } from '#cluster/api';

/** The path and query of a request, as Kubernetes lays them out. */
export function pathOf(request: Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>): string {
  const { group, version, resource } = request.resource;
  const parts = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(request.namespace === undefined ? [] : ['namespaces', request.namespace]),
    resource,
    ...(request.name === undefined ? [] : [request.name]),
    ...(request.subresource === undefined ? [] : [request.subresource]),
  ];
  const query = new URLSearchParams(request.query).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}
