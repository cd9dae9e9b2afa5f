import type { UserInfo, V1Pod } from '#cluster/api';
import type { ResourceAttributes } from '../attributes.ts';
import { type PolicyRule, ruleAllows } from '../rbac/rules.ts';
import { type PodReferences, referencesOf } from './pod-references.ts';

/** What the node authorizer asks about Pods. */
export interface NodePods {
  on(node: string): Iterable<V1Pod>;
  isOn(node: string, namespace: string, name: string): boolean;
}
export interface NodeDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

const NAME = /^system:node:(.+)$/;
const READS = ['get', 'list', 'watch'];

/** The node that a user is the agent of. */
export function nodeOfUser({ name, groups }: UserInfo): string | undefined {
  return groups.includes('system:nodes') ? NAME.exec(name)?.[1] : undefined;
}

/**
 * What the agent of `node` may: of what the role `system:node` names only its own Node, the Pods that are bound to it, and the objects
 * that these name. Pure.
 */
export function decideForNode(node: string, rules: readonly PolicyRule[], pods: NodePods, asked: ResourceAttributes): NodeDecision {
  if (!rules.some((rule) => ruleAllows(rule, asked))) return { allowed: false, reason: '' };
  const why = refusal(node, pods, asked);
  return why === undefined ? { allowed: true, reason: `allowed: ${node} is the node that it is about` } : { allowed: false, reason: why };
}

function refusal(node: string, pods: NodePods, asked: ResourceAttributes): string | undefined {
  const { resource, subresource, name, namespace = '', verb } = asked;
  switch (resource) {
    case 'nodes':
      return verb === 'create' || name === node ? undefined : `node "${node}" can only ${verb} its own Node`;
    case 'pods':
      return podRefusal(node, pods, asked);
    case 'leases':
      return verb === 'create' || (name === node && namespace === 'kube-node-lease') ? undefined : `node "${node}" can only access its own lease`;
    case 'csinodes':
      return verb === 'create' || name === node ? undefined : `node "${node}" can only access its own CSINode`;
    case 'secrets':
    case 'configmaps':
    case 'persistentvolumeclaims':
      return isNamed(node, pods, resource, namespace, name) ? undefined : `no relationship found between node "${node}" and this object`;
    case 'serviceaccounts':
      if (subresource !== 'token' && verb !== 'get') return undefined;
      return hasAccount(node, pods, namespace, name) ? undefined : `no relationship found between node "${node}" and this object`;
    default:
      return undefined;
  }
}

function podRefusal(node: string, pods: NodePods, { verb, name, namespace = '', fieldSelector }: ResourceAttributes): string | undefined {
  if (verb === 'create' && name === undefined) return undefined;
  if (name !== undefined) return pods.isOn(node, namespace, name) ? undefined : `no relationship found between node "${node}" and this object`;
  const own = fieldSelector?.split(',').includes(`spec.nodeName=${node}`) === true;
  return READS.includes(verb) && own ? undefined : `can only list/watch pods with spec.nodeName field selector "${node}"`;
}

function isNamed(node: string, pods: NodePods, resource: keyof PodReferences, namespace: string, name: string | undefined): boolean {
  if (name === undefined) return false;
  for (const pod of pods.on(node)) if (pod.metadata.namespace === namespace && referencesOf(pod)[resource].has(name)) return true;
  return false;
}

function hasAccount(node: string, pods: NodePods, namespace: string, name: string | undefined): boolean {
  for (const pod of pods.on(node)) if (pod.metadata.namespace === namespace && pod.spec?.serviceAccountName === name) return true;
  return false;
}
