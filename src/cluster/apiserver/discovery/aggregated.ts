import { type Discovered, groupsOf, inOrder, subresourceShape } from './resources.ts';

export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList: of the core group alone (`/api`) or of all others (`/apis`). */
export function aggregatedDiscovery(all: readonly Discovered[], core: boolean): object {
  const items = [...groupsOf(all)]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: all.filter((one) => one.group === group && one.version === version).map(discoveryOf),
        freshness: 'Current',
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function discoveryOf(one: Discovered): object {
  const scope = one.namespaced ? 'Namespaced' : 'Cluster';
  return {
    resource: one.resource,
    // What a definition describes says of it all; of the others, what is told above already is left out.
    responseKind: { ...(one.custom === undefined ? { group: '', version: '' } : { group: one.group, version: one.version }), kind: one.kind },
    scope,
    singularResource: one.singular,
    verbs: one.verbs,
    ...(one.shortNames.length > 0 ? { shortNames: one.shortNames } : {}),
    ...(one.categories.length > 0 ? { categories: one.categories } : {}),
    ...(one.subresources.length > 0 ? { subresources: inOrder(one).map((name) => subresourceOf(one, name)) } : {}),
  };
}

function subresourceOf(parent: Discovered, subresource: string): object {
  const { verbs, group, version, kind } = subresourceShape(parent, subresource);
  // What is in the parent's own version says nothing of it.
  const isOwn = parent.custom === undefined && group === parent.group && version === parent.version;
  return { subresource, responseKind: isOwn ? { group: '', version: '', kind } : { group, version, kind }, verbs };
}
