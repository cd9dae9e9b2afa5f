import type { ResourceInfo, ResourceRef } from '#cluster/api';
import type { RawClient } from '#cluster/client';
import { CommandError } from '../errors.ts';

/** A resource as the server's discovery tells it. */
export type Kind = Omit<ResourceInfo, 'listKind'>;

interface GroupDiscovery {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly { readonly version: string; readonly resources?: readonly ResourceDiscovery[] }[];
}
interface ResourceDiscovery {
  readonly resource: string;
  readonly responseKind: { readonly kind: string };
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string }[];
}
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** All that the server serves: the core group first, the versions that it prefers first. */
export async function discoverKinds(client: RawClient): Promise<readonly Kind[]> {
  const answers = await Promise.all(['/api', '/apis'].map((path) => client.json({ path, accept: DISCOVERY })));
  return answers.flatMap(({ body }) => {
    // apidiscovery.k8s.io/v2, as asked for; a server without it answers 406.
    const { items } = body as { items?: readonly GroupDiscovery[] };
    if (items === undefined) throw new CommandError('This server has no aggregated discovery (apidiscovery.k8s.io/v2): it must be Kubernetes 1.30 or newer');
    return items.flatMap(kindsOfGroup);
  });
}

function kindsOfGroup({ metadata, versions }: GroupDiscovery): readonly Kind[] {
  return versions.flatMap(({ version, resources = [] }) =>
    resources.map((found) => ({
      group: metadata.name ?? '',
      version,
      resource: found.resource,
      kind: found.responseKind.kind,
      singular: found.singularResource || found.responseKind.kind.toLowerCase(),
      namespaced: found.scope === 'Namespaced',
      verbs: found.verbs,
      shortNames: found.shortNames ?? [],
      categories: found.categories ?? [],
      subresources: (found.subresources ?? []).map(({ subresource }) => subresource),
    })),
  );
}

/** The kind of a word: `pods`, `pod`, `po`, `Pod`, `deployments.apps`, `deployments.v1.apps`. Errors: `COMMAND_FAILED`. */
export function findKind(kinds: readonly Kind[], word: string): Kind {
  const [name = '', ...rest] = word.toLowerCase().split('.');
  const place = rest.join('.');
  const placed = kinds.filter((kind) => place === '' || place === kind.group || place === `${kind.version}.${kind.group}` || place === kind.version);
  // Things that can be read come before such as are only asked (reviews), plural names before short ones.
  const readable = placed.filter(({ verbs }) => verbs.includes('get') || verbs.includes('list'));
  const found = [readable, placed].flatMap((some) => [
    some.find((kind) => kind.resource === name),
    some.find((kind) => kind.singular === name || kind.kind.toLowerCase() === name),
    some.find((kind) => kind.shortNames.includes(name)),
  ]);
  const kind = found.find((one) => one !== undefined);
  if (kind === undefined) throw new CommandError(`The server doesn't have a resource type "${word}". See "gantry get --help" for how kinds are named`);
  return kind;
}

/** The kinds of a category such as `all`; undefined where there is no such. Of a kind in several versions the preferred one. */
export function kindsOfCategory(kinds: readonly Kind[], word: string): readonly Kind[] | undefined {
  const found = kinds.filter(({ categories }) => categories.includes(word));
  const first = found.filter((kind, index) => found.findIndex((one) => one.group === kind.group && one.resource === kind.resource) === index);
  return first.length === 0 ? undefined : first;
}

/** The kind of a document. Errors: `COMMAND_FAILED`. */
export function kindOfDocument(kinds: readonly Kind[], apiVersion: string, kind: string): Kind {
  const found = kinds.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
  if (found === undefined) throw new CommandError(`No matches for kind "${kind}" in version "${apiVersion}": the server does not serve it`);
  return found;
}

export function apiVersionOf({ group, version }: ResourceRef): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `deployment.apps`: how a kind stands before an object's name. */
export function qualified({ singular, group }: Kind): string {
  return group === '' ? singular : `${singular}.${group}`;
}
