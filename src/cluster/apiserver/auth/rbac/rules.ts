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

/** The first of the rules that allows what is asked for. They are laid out by the resources that they speak of, once, so that long roles cost nothing. */
export function findRule(rules: readonly PolicyRule[], asked: Attributes): PolicyRule | undefined {
  const layout = layouts.get(rules) ?? lay(rules);
  if (!isResourceRequest(asked)) return layout.paths.find((rule) => ruleAllows(rule, asked));
  for (const key of [resourceText(asked), ...(asked.subresource ? [`*/${asked.subresource}`] : []), '*']) {
    const found = layout.resources.get(key)?.find((rule) => ruleAllows(rule, asked));
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Layout {
  readonly resources: ReadonlyMap<string, readonly PolicyRule[]>;
  readonly paths: readonly PolicyRule[];
}
/** By the list of rules itself: a changed role has another list. */
const layouts = new WeakMap<readonly PolicyRule[], Layout>();

function lay(rules: readonly PolicyRule[]): Layout {
  const resources = new Map<string, PolicyRule[]>();
  for (const rule of rules) {
    for (const resource of rule.resources ?? []) {
      const list = resources.get(resource) ?? [];
      resources.set(resource, [...list, rule]);
    }
  }
  const layout = { resources, paths: rules.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined) };
  layouts.set(rules, layout);
  return layout;
}
