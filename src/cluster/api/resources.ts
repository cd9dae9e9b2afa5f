import type { CustomKind } from './custom/kind.ts';
import type { ResourceInfo, ResourceRef } from './types.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

interface Row {
  readonly group: string;
  readonly version?: string;
  readonly resource: string;
  readonly kind: string;
  readonly model: string;
  readonly singular?: string;
  readonly cluster?: true;
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly string[];
}

/** One served resource, with the name of its generated model. */
export interface ServedResource extends ResourceInfo {
  /** Empty for a kind that a CustomResourceDefinition describes. */
  readonly model: string;
  readonly custom?: CustomKind;
}

const ALL = ['all'];
/** What the API server serves. Every other part of it follows from these rows. */
const ROWS: readonly Row[] = [
  {
    group: '',
    resource: 'pods',
    kind: 'Pod',
    model: 'V1Pod',
    short: ['po'],
    categories: ALL,
    subresources: ['status', 'log', 'exec', 'attach', 'portforward', 'binding', 'eviction'],
  },
  { group: '', resource: 'services', kind: 'Service', model: 'V1Service', short: ['svc'], categories: ALL, subresources: ['status'] },
  { group: '', resource: 'endpoints', kind: 'Endpoints', model: 'V1Endpoints', singular: 'endpoints', short: ['ep'] },
  { group: '', resource: 'namespaces', kind: 'Namespace', model: 'V1Namespace', cluster: true, short: ['ns'], subresources: ['status', 'finalize'] },
  { group: '', resource: 'nodes', kind: 'Node', model: 'V1Node', cluster: true, short: ['no'], subresources: ['status'] },
  { group: '', resource: 'configmaps', kind: 'ConfigMap', model: 'V1ConfigMap', short: ['cm'] },
  { group: '', resource: 'secrets', kind: 'Secret', model: 'V1Secret' },
  { group: '', resource: 'serviceaccounts', kind: 'ServiceAccount', model: 'V1ServiceAccount', short: ['sa'], subresources: ['token'] },
  { group: '', resource: 'events', kind: 'Event', model: 'CoreV1Event', short: ['ev'] },
  { group: 'events.k8s.io', resource: 'events', kind: 'Event', model: 'EventsV1Event', short: ['ev'] },
  { group: 'apps', resource: 'deployments', kind: 'Deployment', model: 'V1Deployment', short: ['deploy'], categories: ALL, subresources: ['status', 'scale'] },
  { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet', model: 'V1ReplicaSet', short: ['rs'], categories: ALL, subresources: ['status', 'scale'] },
  {
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    model: 'V2HorizontalPodAutoscaler',
    short: ['hpa'],
    categories: ALL,
    subresources: ['status'],
  },
  {
    group: 'autoscaling',
    version: 'v1',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    model: 'V1HorizontalPodAutoscaler',
    short: ['hpa'],
    categories: ALL,
    subresources: ['status'],
  },
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    model: 'V1CustomResourceDefinition',
    cluster: true,
    short: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: ['status'],
  },
  { group: 'discovery.k8s.io', resource: 'endpointslices', kind: 'EndpointSlice', model: 'V1EndpointSlice' },
  { group: 'coordination.k8s.io', resource: 'leases', kind: 'Lease', model: 'V1Lease' },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', kind: 'ClusterRole', model: 'V1ClusterRole', cluster: true },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', kind: 'ClusterRoleBinding', model: 'V1ClusterRoleBinding', cluster: true },
  { group: 'rbac.authorization.k8s.io', resource: 'roles', kind: 'Role', model: 'V1Role' },
  { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', kind: 'RoleBinding', model: 'V1RoleBinding' },
  {
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
    model: 'V1CertificateSigningRequest',
    cluster: true,
    short: ['csr'],
    subresources: ['status', 'approval'],
  },
  { group: 'scheduling.k8s.io', resource: 'priorityclasses', kind: 'PriorityClass', model: 'V1PriorityClass', cluster: true, short: ['pc'] },
  { group: '', resource: 'limitranges', kind: 'LimitRange', model: 'V1LimitRange', short: ['limits'] },
  { group: '', resource: 'resourcequotas', kind: 'ResourceQuota', model: 'V1ResourceQuota', short: ['quota'], subresources: ['status'] },
  {
    group: '',
    resource: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    model: 'V1PersistentVolumeClaim',
    short: ['pvc'],
    subresources: ['status'],
  },
  { group: 'storage.k8s.io', resource: 'storageclasses', kind: 'StorageClass', model: 'V1StorageClass', cluster: true, short: ['sc'] },
];

/** The resources that are served, preferred versions first. */
export const SERVED_RESOURCES: readonly ServedResource[] = ROWS.map((row) => ({
  group: row.group,
  version: row.version ?? 'v1',
  resource: row.resource,
  kind: row.kind,
  listKind: `${row.kind}List`,
  singular: row.singular ?? row.kind.toLowerCase(),
  namespaced: row.cluster !== true,
  verbs: row.resource === 'namespaces' ? ALL_VERBS.filter((verb) => verb !== 'deletecollection') : ALL_VERBS,
  shortNames: row.short ?? [],
  categories: row.categories ?? [],
  subresources: row.subresources ?? [],
  model: row.model,
}));

const byRef = new Map(SERVED_RESOURCES.map((resource) => [refKey(resource), resource]));

function refKey({ group, version, resource }: ResourceRef): string {
  return `${group}/${version}/${resource}`;
}

/** The served resource of that group, version and name. */
export function findResource(ref: ResourceRef): ServedResource | undefined {
  return byRef.get(refKey(ref));
}

/** The served resource that makes objects of that kind. */
export function findKind(apiVersion: string, kind: string): ServedResource | undefined {
  return SERVED_RESOURCES.find((resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind);
}

/** `v1`, `apps/v1`: how objects name their group and version. */
export function apiVersionOf({ group, version }: Pick<ResourceRef, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
