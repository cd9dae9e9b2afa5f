import type { UserInfo } from '#cluster/api';
import { holds, nameMatches, type PolicyRule, pathMatches, resourceMatches } from './rules.ts';

/** What of `wanted` the `owned` rules do not allow, in single permissions whose verbs are put together again. Pure. */
export function notCovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  const missing = wanted.flatMap(single).filter((one) => !owned.some((rule) => covers(rule, one)));
  const merged = new Map<string, PolicyRule>();
  for (const rule of missing) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? rule : { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] });
  }
  return [...merged.values()];
}

/** Kubernetes' words for an attempt to give what one does not have. */
export function escalationWords(user: UserInfo, missing: readonly PolicyRule[]): string {
  const rules = [...new Set(missing.map(ruleText))].toSorted();
  return `user "${user.name}" (groups=${list(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${rules.join('\n')}`;
}

function single(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  const onResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      names.flatMap((name) =>
        verbs.map((verb) => ({ verbs: [verb], apiGroups: [group], resources: [resource], ...(name === undefined ? {} : { resourceNames: [name] }) })),
      ),
    ),
  );
  return [...onResources, ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ verbs: [verb], nonResourceURLs: [url] })))];
}

function covers(owned: PolicyRule, one: PolicyRule): boolean {
  const [verb = ''] = one.verbs;
  if (!holds(owned.verbs, verb)) return false;
  const [url] = one.nonResourceURLs ?? [];
  if (url !== undefined) return pathMatches(owned.nonResourceURLs, url);
  const [group = ''] = one.apiGroups ?? [];
  const [text = ''] = one.resources ?? [];
  const [resource = '', subresource] = text.split('/');
  return (
    holds(owned.apiGroups, group) &&
    resourceMatches(owned.resources, { resource, ...(subresource === undefined ? {} : { subresource }) }) &&
    nameMatches(owned.resourceNames, one.resourceNames?.[0])
  );
}

function ruleText(rule: PolicyRule): string {
  const fields: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  return `{${fields.flatMap(([name, values]) => (values === undefined || values.length === 0 ? [] : [`${name}:${list(values)}`])).join(', ')}}`;
}

const list = (values: readonly string[]): string => `[${values.map((one) => JSON.stringify(one)).join(' ')}]`;
