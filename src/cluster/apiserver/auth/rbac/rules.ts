import { type Attributes, isResourceRequest, resourceText, type ResourceAttributes } from '../attributes.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Whether the rule by itself allows what is asked for. Pure. */
export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!holds(rule.verbs, asked.verb)) return false;
  if (!isResourceRequest(asked)) return pathMatches(rule.nonResourceURLs, asked.path);
  return holds(rule.apiGroups, asked.group) && resourceMatches(rule.resources, asked) && nameMatches(rule.resourceNames, asked.name);
}

export function holds(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes(wanted) || list.includes('*'));
}

/** `pods`, `pods/log`, all of them by `*`, and one subresource of everything by its pattern with a star before the slash. */
export function resourceMatches(list: readonly string[] | undefined, asked: Pick<ResourceAttributes, 'resource' | 'subresource'>): boolean {
  if (list === undefined) return false;
  if (list.includes('*') || list.includes(resourceText(asked))) return true;
  return asked.subresource !== undefined && asked.subresource !== '' && list.includes(`*/${asked.subresource}`);
}

export function nameMatches(list: readonly string[] | undefined, name: string | undefined): boolean {
  return list === undefined || list.length === 0 || (name !== undefined && list.includes(name));
}

export function pathMatches(list: readonly string[] | undefined, path: string): boolean {
  return list !== undefined && list.some((pattern) => pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))));
}
