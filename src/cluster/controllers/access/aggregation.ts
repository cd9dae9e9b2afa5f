import { isDeepStrictEqual } from 'node:util';
import { matchesLabels, requirementsOf, type ResourceRef, type V1ClusterRole, type V1PolicyRule } from '#cluster/api';
import { type Controller, createController, type ReconcileResult } from '#cluster/client';
import type { Shared } from '../types.ts';

const CLUSTER_ROLES: ResourceRef = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' };

/** Fills ClusterRoles that are put together from others by their labels. */
export function createAggregationController(shared: Shared): Controller {
  const { informers, client } = shared;
  const roles = informers.of<V1ClusterRole>(CLUSTER_ROLES);

  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const role = roles.get(undefined, name);
    const rules = role && aggregatedRules(role, roles.list());
    if (role === undefined || rules === undefined || isDeepStrictEqual(rules, role.rules ?? [])) return undefined;
    await client.resource<V1ClusterRole>(CLUSTER_ROLES).update({ ...role, rules: [...rules] });
    return undefined;
  };

  const controller = createController({ ...shared, name: 'clusterrole-aggregation', reconcile });
  // A role that changes may be part of any that is put together, and there are few of these.
  roles.onChange(({ object }) => {
    if (object.aggregationRule !== undefined) controller.add(object.metadata.name ?? '');
    if (Object.keys(object.metadata.labels ?? {}).length === 0) return;
    for (const { metadata, aggregationRule } of roles.list()) if (aggregationRule !== undefined) controller.add(metadata.name ?? '');
  });
  return controller;
}

/** The rules that a role has by its aggregation: those of all that its selectors choose, in the order of their names, each once. Undefined without one. Pure. */
export function aggregatedRules(role: V1ClusterRole, all: readonly V1ClusterRole[]): readonly V1PolicyRule[] | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const chosen = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name && selectors.some((one) => matchesLabels(requirementsOf(one), metadata.labels)))
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  return [...new Map(chosen.flatMap(({ rules = [] }) => rules.map((rule) => [JSON.stringify(rule), rule] as const))).values()];
}
