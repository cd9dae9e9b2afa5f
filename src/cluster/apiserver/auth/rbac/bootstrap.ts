import type { KubeObject } from '#cluster/api';
import { randomUuid } from '#kit';
import { objectKey } from '../../cache/keys.ts';
import { type Context, timestamp } from '../../context.ts';
import { isRevisionConflict } from '../../verbs/write.ts';
import { type BindingObject, type BootstrapPolicy, RBAC_GROUP, type RoleObject } from './bootstrap-policy.ts';
import { reconciledBinding, reconciledRole } from './reconcile-policy.ts';

const COLLECTIONS: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  Role: 'roles',
  ClusterRoleBinding: 'clusterrolebindings',
  RoleBinding: 'rolebindings',
};

/**
 * Makes the roles and bindings that every cluster has, where they are missing or lack something. All writes go together, so that they share
 * a commit. Those in `settled` were found to be right before; those that are found so now are added.
 */
export async function bootstrapRbac(context: Context, { roles, bindings }: BootstrapPolicy, settled: WeakSet<KubeObject>): Promise<void> {
  const isSettled = (wanted: KubeObject) => settled.has(context.cache.get(keyOf(wanted)) ?? wanted);
  await Promise.all([
    ...roles.filter((role) => !isSettled(role)).map((role) => ensureRole(context, role, settled)),
    ...bindings.filter((binding) => !isSettled(binding)).map((binding) => ensureBinding(context, binding, settled)),
  ]);
}

async function ensureRole(context: Context, wanted: RoleObject, settled: WeakSet<KubeObject>): Promise<void> {
  const key = keyOf(wanted);
  // What stands under the key of a role is one.
  const stored = context.cache.get(key) as RoleObject | undefined;
  if (stored === undefined) return await put(context, key, stamped(context, wanted), 0);
  const next = reconciledRole(stored, wanted);
  if (next === undefined) settled.add(stored);
  else await put(context, key, next, Number(stored.metadata.resourceVersion));
}

async function ensureBinding(context: Context, wanted: BindingObject, settled: WeakSet<KubeObject>): Promise<void> {
  const key = keyOf(wanted);
  // As above.
  const stored = context.cache.get(key) as BindingObject | undefined;
  if (stored === undefined) return await put(context, key, stamped(context, wanted), 0);
  const next = reconciledBinding(stored, wanted);
  if (next === undefined) return void settled.add(stored);
  const expected = Number(stored.metadata.resourceVersion);
  if (next.how === 'update') return await put(context, key, next.object, expected);
  await context.cache.delete(key, expected);
  await put(context, key, stamped(context, wanted), 0);
}

async function put(context: Context, key: string, object: KubeObject, expected: number): Promise<void> {
  try {
    await context.cache.put(key, object, expected);
  } catch (error) {
    // Another server on the same store was faster, with the same objects.
    if (!isRevisionConflict(error, key)) throw error;
  }
}

function stamped<T extends KubeObject>(context: Context, object: T): T {
  return { ...object, metadata: { ...object.metadata, uid: randomUuid(context.random), creationTimestamp: timestamp(context.clock) } };
}

function keyOf({ kind, metadata }: KubeObject): string {
  return objectKey({ group: RBAC_GROUP, resource: COLLECTIONS[kind] ?? '' }, metadata.namespace, metadata.name ?? '');
}
