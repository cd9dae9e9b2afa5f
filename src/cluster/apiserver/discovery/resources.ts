import { createHash } from 'node:crypto';
import { OWN_GROUP, type ResourceInfo } from '#cluster/api';

/** A resource as discovery shows it; what only the API server itself serves stands beside what the API room knows. */
export type Discovered = Pick<
  ResourceInfo,
  'group' | 'version' | 'resource' | 'kind' | 'singular' | 'namespaced' | 'verbs' | 'shortNames' | 'categories' | 'subresources'
> & {
  /** What a definition says of it. */
  readonly custom?: unknown;
};

export interface SubresourceShape {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  /** The generated model of the kind, where it isn't the parent's. */
  readonly model?: string;
}

/** Subresources that are ways into something, and no objects. */
export const CONNECT: readonly string[] = ['exec', 'attach', 'portforward', 'proxy'];
const PROXY_OPTIONS: Readonly<Record<string, string>> = { pods: 'PodProxyOptions', services: 'ServiceProxyOptions', nodes: 'NodeProxyOptions' };

/** The kind that a subresource speaks, where it isn't its parent's. */
export function subresourceShape(parent: Discovered, subresource: string): SubresourceShape {
  const own = { group: parent.group, version: parent.version };
  switch (subresource) {
    case 'scale':
      return { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'], model: 'V1Scale' };
    case 'eviction':
      return { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'], model: 'V1Eviction' };
    case 'binding':
      return { ...own, kind: 'Binding', verbs: ['create'], model: 'V1Binding' };
    case 'token':
      return { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'], model: 'AuthenticationV1TokenRequest' };
    case 'proxy':
      return { ...own, kind: PROXY_OPTIONS[parent.resource] ?? parent.kind, verbs: ['create', 'delete', 'get', 'patch', 'update'] };
    case 'log':
      return { ...own, kind: parent.kind, verbs: ['get'] };
    case 'exec':
      return { ...own, kind: 'PodExecOptions', verbs: ['create', 'get'] };
    case 'attach':
      return { ...own, kind: 'PodAttachOptions', verbs: ['create', 'get'] };
    case 'portforward':
      return { ...own, kind: 'PodPortForwardOptions', verbs: ['create', 'get'] };
    case 'why':
      return { ...OWN_GROUP, kind: 'PodWhy', verbs: ['get'] };
    case 'finalize':
      return { ...own, kind: parent.kind, verbs: ['update'] };
    default:
      return { ...own, kind: parent.kind, verbs: ['get', 'patch', 'update'] };
  }
}

/** In what a resource is stored; undefined for what isn't. */
export type StorageOf = (resource: Discovered) => Pick<ResourceInfo, 'group' | 'version' | 'kind'> | undefined;

/** Kinds that Kubernetes stores in a version before the one it prefers. What we store in says nothing to clients: only a change of the hash does. */
const STORED_EARLIER: Readonly<Record<string, string>> = {
  CustomResourceDefinition: 'v1beta1',
  DeviceTaintRule: 'v1alpha3',
  MutatingAdmissionPolicy: 'v1beta1',
  MutatingAdmissionPolicyBinding: 'v1beta1',
};

/** Tells whether two versions are stored as one, as Kubernetes makes it: of group, version and kind. */
function storageHash(stored: ReturnType<StorageOf>): { readonly storageVersionHash?: string } {
  if (stored === undefined) return {};
  const hash = createHash('sha256')
    .update(`${stored.group}/${STORED_EARLIER[stored.kind] ?? stored.version}/${stored.kind}`)
    .digest();
  return { storageVersionHash: hash.subarray(0, 8).toString('base64') };
}

/** meta/v1 APIResourceList of one group and version. */
export function resourceList(all: readonly Discovered[], group: string, version: string, storageOf: StorageOf): object | undefined {
  const own = all.filter((one) => one.group === group && one.version === version);
  if (own.length === 0) return undefined;
  const resources = own.flatMap((one) => [
    {
      name: one.resource,
      singularName: one.singular,
      namespaced: one.namespaced,
      kind: one.kind,
      verbs: one.verbs,
      ...(one.shortNames.length > 0 ? { shortNames: one.shortNames } : {}),
      ...(one.categories.length > 0 ? { categories: one.categories } : {}),
      ...storageHash(storageOf(one)),
    },
    ...inOrder(one).map((name) => {
      const shape = subresourceShape(one, name);
      const foreign = shape.group === group && shape.version === version ? {} : { group: shape.group, version: shape.version };
      return { name: `${one.resource}/${name}`, singularName: '', namespaced: one.namespaced, ...foreign, kind: shape.kind, verbs: shape.verbs };
    }),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`, resources };
}

/** A resource's subresources as they are told: those that a definition describes in an order of their own. */
export const inOrder = ({ custom, subresources }: Discovered): readonly string[] => (custom === undefined ? subresources.toSorted() : subresources);

/** Groups with their versions, in the order of the table; the first version of each is preferred. */
export function groupsOf(all: readonly Discovered[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of all) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  for (const versions of groups.values()) versions.sort(byStability);
  return groups;
}

/** meta/v1 APIGroup. */
export function apiGroup(group: string, versions: readonly string[]): object {
  const each = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: each, preferredVersion: each[0] };
}

/** Kubernetes' order: v2 before v1 before v1beta1 before v1alpha1. */
function byStability(left: string, right: string): number {
  const rank = (version: string) => {
    const [, major = '0', stage, minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
  };
  const [a, b] = [rank(left), rank(right)];
  return (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0) || (b[2] ?? 0) - (a[2] ?? 0);
}
