import type { ApiRequest, KubeObject } from '#cluster/api';
import { CommandError } from '../errors.ts';
import type { Kind } from './kinds.ts';

type Place = Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>;

/** Where the objects of a kind are; `namespace` counts only for kinds that have them, undefined means all. */
export function placeOf(kind: Kind, namespace: string | undefined, name?: string, query: Readonly<Record<string, string | undefined>> = {}): Place {
  return {
    resource: { group: kind.group, version: kind.version, resource: kind.resource },
    ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
    // Entries without a value were taken out.
    query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Record<string, string>,
  };
}

/** The namespace of a document: its own, else that of the command line or the context. Errors: `COMMAND_FAILED` where `-n` says another than the document. */
export function namespaceOf(cluster: { readonly namespace: string }, object: KubeObject, given: string | undefined): string {
  const own = object.metadata.namespace;
  if (own !== undefined && given !== undefined && own !== given)
    throw new CommandError(`The namespace of ${object.kind} "${object.metadata.name}" is "${own}", which does not match --namespace "${given}"`);
  return own ?? cluster.namespace;
}
