import { readFileSync } from 'node:fs';
import type { KubeObject } from '#cluster/api';
import type { RoleRef, Subject } from './rbac-index.ts';
import type { PolicyRule } from './rules.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

export interface RoleObject extends KubeObject {
  rules?: readonly PolicyRule[];
  aggregationRule?: { readonly clusterRoleSelectors?: readonly object[] };
}
export interface BindingObject extends KubeObject {
  roleRef: RoleRef;
  subjects?: readonly Subject[];
}

/** The controllers and the cluster network of this program run under one name each. */
const HOUSE_CONTROLLERS = 'gantry:controller-manager';
const HOUSE_NETWORK = 'gantry:cluster-network';
const HOUSE_REASONS = 'gantry:pod-reasons';
/** A node that has nothing but its own certificate serves Services and names beside its Pods. */
const HOUSE_NODES = 'gantry:node-network';
const NODE_RULES: readonly PolicyRule[] = [{ verbs: ['get', 'list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] }];
const NODE_DNS_RULES: readonly PolicyRule[] = [{ verbs: ['create'], apiGroups: [''], resources: ['services'] }];
/** The cluster's DNS stands beside the proxy, and makes the Service by which it is known. */
const NETWORK_RULES: readonly PolicyRule[] = [
  { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['services', 'endpoints', 'pods', 'nodes', 'namespaces'] },
  { verbs: ['get', 'list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: ['create'], apiGroups: [''], resources: ['services'] },
  { verbs: ['update', 'patch'], apiGroups: [''], resources: ['services/status'] },
  { verbs: ['get', 'list', 'watch'], apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses', 'networkpolicies'] },
  { verbs: ['update', 'patch'], apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'] },
];
/** What the controllers do that Kubernetes' own roles for them do not speak of. */
const CONTROLLER_EXTRAS: readonly PolicyRule[] = [
  { verbs: ['get', 'list'], apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'] },
  { verbs: ['create', 'update', 'patch', 'delete'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: ['update', 'patch'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval', 'certificatesigningrequests/status'] },
];

export interface BootstrapPolicy {
  readonly roles: readonly RoleObject[];
  readonly bindings: readonly BindingObject[];
}

/** The roles and bindings that every cluster has: Kubernetes' own, and those of this program's parts. */
export function bootstrapPolicy(): BootstrapPolicy {
  const roles = parseRoles(read('./bootstrap-roles.tsv'));
  const ofControllers = roles.filter(({ metadata }) => metadata.name?.startsWith('system:controller:') || metadata.name === 'system:kube-controller-manager');
  const house = [
    clusterRole(HOUSE_CONTROLLERS, [...distinct(ofControllers.flatMap(({ rules = [] }) => rules)), ...CONTROLLER_EXTRAS]),
    clusterRole(HOUSE_NETWORK, NETWORK_RULES),
    forViewers('system:aggregated-metrics-reader', [{ verbs: ['get', 'list', 'watch'], apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'] }]),
    forViewers(HOUSE_REASONS, [{ verbs: ['get'], apiGroups: [''], resources: ['pods/why'] }]),
    clusterRole(HOUSE_NODES, NODE_RULES),
    { apiVersion: `${RBAC_GROUP}/v1`, kind: 'Role', metadata: metaOf('kube-system', HOUSE_NODES), rules: NODE_DNS_RULES },
  ];
  const bindings = [
    ...parseBindings(read('./bootstrap-bindings.tsv')),
    binding(['ClusterRoleBinding', '', HOUSE_CONTROLLERS, 'ClusterRole', HOUSE_CONTROLLERS, 'User:system:kube-controller-manager']),
    binding(['ClusterRoleBinding', '', HOUSE_NETWORK, 'ClusterRole', HOUSE_NETWORK, 'User:system:kube-proxy']),
    binding(['ClusterRoleBinding', '', HOUSE_NODES, 'ClusterRole', HOUSE_NODES, 'Group:system:nodes']),
    binding(['RoleBinding', 'kube-system', HOUSE_NODES, 'Role', HOUSE_NODES, 'Group:system:nodes']),
  ];
  return { roles: [...roles, ...house], bindings };
}

/** A role begins with its line (kind, namespace, name, whom it is aggregated to, what it aggregates); its rules follow, indented. */
function parseRoles(text: string): readonly RoleObject[] {
  const roles: (RoleObject & { rules: PolicyRule[] })[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('\t')) {
      roles.at(-1)?.rules.push(parseRule(line.slice(1).split('\t')));
      continue;
    }
    const [kind = '', namespace = '', name = '', to = '', from = ''] = line.split('\t');
    const metadata = metaOf(namespace, name);
    if (to !== '') metadata.labels = { ...metadata.labels, [`${AGGREGATE}${to}`]: 'true' };
    const aggregation = from === '' ? {} : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${from}`]: 'true' } }] } };
    roles.push({ apiVersion: `${RBAC_GROUP}/v1`, kind, metadata, ...aggregation, rules: [] });
  }
  return roles;
}

function parseRule([verbs = '', groups = '', resources = '', names = '', urls = '']: readonly string[]): PolicyRule {
  const split = (text: string) => text.split(',');
  return {
    verbs: split(verbs),
    ...(groups === '' ? {} : { apiGroups: split(groups).map((group) => (group === 'core' ? '' : group)) }),
    ...(resources === '' ? {} : { resources: split(resources) }),
    ...(names === '' ? {} : { resourceNames: split(names) }),
    ...(urls === '' ? {} : { nonResourceURLs: split(urls) }),
  };
}

function parseBindings(text: string): readonly BindingObject[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => binding(line.split('\t')));
}

function binding([kind = '', namespace = '', name = '', roleKind = '', role = '', subjects = '']: readonly string[]): BindingObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: metaOf(namespace, name),
    roleRef: { apiGroup: RBAC_GROUP, kind: roleKind, name: role },
    ...(subjects === '' ? {} : { subjects: subjects.split(',').map(parseSubject) }),
  };
}

function parseSubject(text: string): Subject {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (kind !== 'ServiceAccount') return { apiGroup: RBAC_GROUP, kind, name };
  const [namespace = '', account = ''] = name.split('/');
  return { kind, name: account, namespace };
}

/** Whoever may look at Pods may look at what they use, as where a metrics server is installed, and at why they don't run. */
function forViewers(name: string, rules: readonly PolicyRule[]): RoleObject {
  const role = clusterRole(name, rules);
  for (const to of ['view', 'edit', 'admin']) role.metadata.labels = { ...role.metadata.labels, [`${AGGREGATE}${to}`]: 'true' };
  return role;
}

function clusterRole(name: string, rules: readonly PolicyRule[]): RoleObject {
  return { apiVersion: `${RBAC_GROUP}/v1`, kind: 'ClusterRole', metadata: metaOf('', name), rules };
}

function metaOf(namespace: string, name: string): KubeObject['metadata'] {
  return { name, ...(namespace === '' ? {} : { namespace }), labels: { ...LABELS }, annotations: { [AUTO_UPDATE]: 'true' } };
}

function distinct(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function read(file: './bootstrap-roles.tsv' | './bootstrap-bindings.tsv'): string {
  const url = file === './bootstrap-roles.tsv' ? new URL('./bootstrap-roles.tsv', import.meta.url) : new URL('./bootstrap-bindings.tsv', import.meta.url);
  return readFileSync(url, 'utf8');
}
