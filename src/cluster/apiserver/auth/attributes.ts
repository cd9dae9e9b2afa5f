import type { ApiRequest, UserInfo } from '#cluster/api';

/** What is asked for, in the words of an authorization review: an action on a resource, or on a path that is none. */
export type Attributes = ResourceAttributes | PathAttributes;
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Of a list or watch, as it was given. */
  readonly fieldSelector?: string;
}
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

/** The server itself: what it does of its own accord is asked of nobody. */
export const LOOPBACK: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
export const MASTERS = 'system:masters';

export function isResourceRequest(asked: Attributes): asked is ResourceAttributes {
  return 'resource' in asked;
}

/** What doing `verb` to the target of a request asks for. */
export function attributesOf(
  {
    resource,
    namespace,
    name: given,
    subresource,
    query,
  }: Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource'> & Partial<Pick<ApiRequest, 'query'>>,
  verb: string,
): ResourceAttributes {
  const fieldSelector = query?.fieldSelector;
  // One object by its name is asked for by name, also where it is listed or watched.
  const name = given ?? /(?:^|,)metadata\.name==?([^,]+)/.exec(fieldSelector ?? '')?.[1];
  return {
    verb,
    group: resource.group,
    resource: resource.resource,
    // A namespace is asked for inside itself, so that those who rule in it may read it.
    ...(namespace === undefined ? namespaceItself(resource.group, resource.resource, name) : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
    ...(fieldSelector ? { fieldSelector } : {}),
  };
}

function namespaceItself(group: string, resource: string, name: string | undefined): { readonly namespace?: string } {
  return group === '' && resource === 'namespaces' && name !== undefined ? { namespace: name } : {};
}

/** `pods`, `pods/log`: a resource as rules and messages write it. */
export function resourceText({ resource, subresource }: Pick<ResourceAttributes, 'resource' | 'subresource'>): string {
  return subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
}

/** Kubernetes' words for a denial, without the object that they are about. */
export function denialWords(user: UserInfo, asked: Attributes): string {
  if (!isResourceRequest(asked)) return `User "${user.name}" cannot ${asked.verb} path "${asked.path}"`;
  const where = asked.namespace ? `in the namespace "${asked.namespace}"` : 'at the cluster scope';
  return `User "${user.name}" cannot ${asked.verb} resource "${resourceText(asked)}" in API group "${asked.group}" ${where}`;
}
