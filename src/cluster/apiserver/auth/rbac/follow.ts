import type { KubeObject } from '#cluster/api';
import { collectionPrefix } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import { type BindingObject, RBAC_GROUP, type RoleObject } from './bootstrap-policy.ts';
import type { RbacIndex } from './rbac-index.ts';

/** Keeps the index by the cache's changes, from what the cache holds now. The cache must have started. */
export function followRbac(cache: ObjectCache, index: RbacIndex): Disposable {
  const following = new DisposableStack();
  const follow = (resource: string, put: (object: KubeObject) => void, remove: (object: KubeObject) => void) => {
    const collection = cache.collection(collectionPrefix({ group: RBAC_GROUP, resource }));
    for (const key of collection.keys('')) {
      const object = collection.get(key);
      if (object) put(object);
    }
    following.use(collection.listen(({ type, object }) => (type === 'put' ? put(object) : remove(object))));
  };
  // What stands under these collections was decoded as the kinds that they are named after.
  const putRole = (object: KubeObject) => index.putRole(roleOf(object as RoleObject));
  const putBinding = (object: KubeObject) => index.putBinding(bindingOf(object as BindingObject));
  const removeRole = ({ metadata }: KubeObject) => index.removeRole(metadata.namespace, metadata.name ?? '');
  const removeBinding = ({ metadata }: KubeObject) => index.removeBinding(metadata.namespace, metadata.name ?? '');
  follow('clusterroles', putRole, removeRole);
  follow('roles', putRole, removeRole);
  follow('clusterrolebindings', putBinding, removeBinding);
  follow('rolebindings', putBinding, removeBinding);
  return following;
}

function roleOf({ metadata, rules }: RoleObject): Parameters<RbacIndex['putRole']>[0] {
  return { namespace: metadata.namespace, name: metadata.name ?? '', rules: rules ?? [], labels: metadata.labels ?? {} };
}

function bindingOf({ metadata, roleRef, subjects }: BindingObject): Parameters<RbacIndex['putBinding']>[0] {
  const { namespace, name = '' } = metadata;
  return { kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding', namespace, name, roleRef, subjects: subjects ?? [] };
}
