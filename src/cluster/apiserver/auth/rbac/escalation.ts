import { isDeepStrictEqual } from 'node:util';
import { forbidden, type KubeObject, notFound, type UserInfo } from '#cluster/api';
import type { Served } from '../../kinds.ts';
import { MASTERS } from '../attributes.ts';
import type { Authorizer } from '../authorizer.ts';
import { type BindingObject, RBAC_GROUP, type RoleObject } from './bootstrap-policy.ts';
import { escalationWords, notCovered } from './covers.ts';
import type { PolicyRule } from './rules.ts';

/**
 * Nobody gives what he does not have: the rules of a role, or of the role that is bound, must be the writer's own, unless he may `escalate`
 * the role or `bind` it. Errors: 403 naming what is missing, 404 for a role that is not there.
 */
export function requireNoEscalation(authorizer: Authorizer, served: Served, object: KubeObject, old: KubeObject | undefined, user: UserInfo): void {
  if (served.info.group !== RBAC_GROUP || user.groups.includes(MASTERS)) return;
  if (old !== undefined && isDeepStrictEqual(withoutEnds(object), withoutEnds(old))) return;
  const { resource } = served.info;
  const { namespace, name = '' } = object.metadata;
  // The resource says what the objects were decoded as.
  if (resource === 'roles' || resource === 'clusterroles') {
    const role = object as RoleObject;
    if (may(authorizer, user, 'escalate', resource, namespace, name)) return;
    requireAll(authorizer, served, namespace, name, user, [...(role.rules ?? []), ...(role.aggregationRule ? [EVERYTHING, EVERY_PATH] : [])]);
    return;
  }
  const { roleRef } = object as BindingObject;
  if (may(authorizer, user, 'bind', roleRef.kind === 'Role' ? 'roles' : 'clusterroles', namespace, roleRef.name)) return;
  const rules = authorizer.roleRules({ namespace, roleRef });
  if (rules === undefined) throw notFound({ group: RBAC_GROUP, resource: roleRef.kind === 'Role' ? 'roles' : 'clusterroles' }, roleRef.name);
  requireAll(authorizer, served, namespace, name, user, rules);
}

/** What is written for an object to end is no gift to anybody; a label may be one, where roles are put together by them. */
function withoutEnds({ metadata, ...rest }: KubeObject): unknown {
  const { ownerReferences: _owners, finalizers: _finalizers, resourceVersion: _revision, managedFields: _fields, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

/** An aggregated role may become anything. */
const EVERYTHING: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const EVERY_PATH: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };

function requireAll(authorizer: Authorizer, served: Served, namespace: string | undefined, name: string, user: UserInfo, rules: readonly PolicyRule[]): void {
  const missing = notCovered(authorizer.ownedRules(user, namespace), rules);
  if (missing.length > 0) throw forbidden(served.info, name, escalationWords(user, missing));
}

function may(authorizer: Authorizer, user: UserInfo, verb: string, resource: string, namespace: string | undefined, name: string): boolean {
  return authorizer.authorize(user, { verb, group: RBAC_GROUP, resource, name, ...(namespace === undefined ? {} : { namespace }) }).allowed;
}
