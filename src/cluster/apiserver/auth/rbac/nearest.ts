import type { UserInfo } from '#cluster/api';
import { type Attributes, isResourceRequest, resourceText, type ResourceAttributes } from '../attributes.ts';
import { type Binding, type RbacIndex, type Role, subjectOf } from './rbac-index.ts';
import { findRule, holds, nameMatches, type PolicyRule, resourceMatches, ruleAllows } from './rules.ts';

/** Why a request was denied: what came nearest to allowing it, and one thing that would. */
export interface Nearest {
  readonly nearest: string;
  /** A command. */
  readonly remedy: string;
}
/** Groups that everybody is in who gets so far: what is bound to them tells nobody what he lacks. */
const EVERYBODY: readonly string[] = ['system:authenticated', 'system:unauthenticated'];
/** Of so many bindings of the asker the nearest is sought: words are not worth more. */
const LOOKED_AT_MAX = 500;
interface Candidate {
  /** How much of the request it fits; the more the nearer. */
  readonly fit: number;
  readonly words: string;
}

/** Roles for people: those that a remedy may name, narrowest first. All clusters have them, so naming them tells nobody anything. */
const OFFERED = ['view', 'edit', 'admin', 'cluster-admin'];

/** Explains a denial by the asker's own bindings. Pure; only done where something was denied. */
export function explainDenial(index: RbacIndex, user: UserInfo, asked: Attributes): Nearest {
  const candidates = index
    .everyBindingOf(user)
    .take(LOOKED_AT_MAX)
    .flatMap((binding) => candidatesOf(index, user, binding, asked))
    .toArray();
  const best = candidates.reduce<Candidate | undefined>((one, other) => (one === undefined || other.fit > one.fit ? other : one), undefined);
  return { nearest: best?.words ?? nothingWords(index, user, asked), remedy: remedyOf(index, user, asked) };
}

function candidatesOf(index: RbacIndex, user: UserInfo, binding: Binding, asked: Attributes): readonly Candidate[] {
  const role = index.roleOf(binding);
  const by = `${bindingWords(binding)} of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subjectOf(binding, user)}`;
  if (role === undefined) return [{ fit: 0.5, words: `${by} allows nothing: there is no such ${binding.roleRef.kind}` }];
  if (!isResourceRequest(asked)) return [];
  const here = binding.namespace === undefined || binding.namespace === asked.namespace;
  return role.rules.flatMap((rule) => {
    const found = compare(rule, asked, here, binding.namespace);
    return found === undefined ? [] : [{ fit: found.fit, words: `${by} ${found.words}` }];
  });
}

function compare(rule: PolicyRule, asked: ResourceAttributes, here: boolean, place: string | undefined): Candidate | undefined {
  const what = resourceText(asked);
  if (!here) return ruleAllows(rule, asked) ? { fit: 4, words: `allows it in the namespace "${place ?? ''}" only` } : undefined;
  if (!holds(rule.apiGroups, asked.group)) {
    return resourceMatches(rule.resources, asked) && holds(rule.verbs, asked.verb)
      ? { fit: 1, words: `allows it in the API groups ${quoted(rule.apiGroups)} only` }
      : undefined;
  }
  const named = nameMatches(rule.resourceNames, asked.name);
  if (resourceMatches(rule.resources, asked)) {
    if (!named) return holds(rule.verbs, asked.verb) ? { fit: 5, words: `allows it for the names ${quoted(rule.resourceNames)} only` } : undefined;
    return { fit: 3, words: `allows only ${rule.verbs.join(', ')} on ${what}` };
  }
  const parent = asked.subresource !== undefined && resourceMatches(rule.resources, { resource: asked.resource });
  return parent && holds(rule.verbs, asked.verb) && named ? { fit: 2, words: `allows it on ${asked.resource}, but not on ${what}` } : undefined;
}

function nothingWords(index: RbacIndex, user: UserInfo, asked: Attributes): string {
  const own = user.groups.filter((group) => !EVERYBODY.includes(group));
  const who = `the user "${user.name}"${own.length === 0 ? '' : ` or to the groups ${quoted(own)}`}`;
  if (index.everyBindingOf({ ...user, groups: own }).next().done === true) return `no role is bound to ${who}`;
  const what = isResourceRequest(asked) ? `${resourceText(asked)} of the API group "${asked.group}"` : `the path ${asked.path}`;
  return `no role that is bound to ${who} speaks of ${what}`;
}

function remedyOf(index: RbacIndex, user: UserInfo, asked: Attributes): string {
  if (!isResourceRequest(asked))
    return `kubectl create clusterrole NAME --verb=${asked.verb} --non-resource-url=${asked.path}, and bind it with kubectl create clusterrolebinding`;
  const offered = OFFERED.find((name) => ruleOf(index.clusterRole(name), asked));
  const scope = asked.namespace ? 'rolebinding' : 'clusterrolebinding';
  const where = asked.namespace ? ` --namespace=${asked.namespace}` : '';
  const whom = subjectOption(user);
  if (offered !== undefined && offered !== 'cluster-admin') return `kubectl create ${scope} NAME --clusterrole=${offered} ${whom}${where}`;
  const kind = asked.namespace ? 'role' : 'clusterrole';
  const target = `${asked.resource}${asked.group === '' ? '' : `.${asked.group}`}${asked.subresource ? `/${asked.subresource}` : ''}`;
  const name = asked.name === undefined || asked.verb === 'create' ? '' : ` --resource-name=${asked.name}`;
  return `kubectl create ${kind} ROLE --verb=${asked.verb} --resource=${target}${name}${where} && kubectl create ${scope} NAME --${kind}=ROLE ${whom}${where}`;
}

function ruleOf(role: Role | undefined, asked: Attributes): PolicyRule | undefined {
  return role && findRule(role.rules, asked);
}

function subjectOption({ name }: UserInfo): string {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  return account === undefined ? `--user=${name}` : `--serviceaccount=${namespace}:${account}`;
}

function bindingWords({ kind, namespace, name }: Binding): string {
  return `${kind} "${namespace === undefined ? name : `${name}/${namespace}`}"`;
}

function quoted(list: readonly string[] | undefined): string {
  return (list ?? []).map((one) => `"${one}"`).join(', ');
}
