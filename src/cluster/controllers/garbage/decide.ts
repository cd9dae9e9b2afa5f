import type { KubeObject, OwnerReference } from '#cluster/api';

/** How an owner is: `waiting` is in foreground deletion; `unknown` is of a kind that nobody here serves, and counts as there. */
export type OwnerState = 'there' | 'waiting' | 'absent' | 'unknown';
export type GarbageAction =
  | { readonly type: 'delete'; readonly policy: 'Background' | 'Foreground' }
  | { readonly type: 'forget-owners'; readonly uids: readonly string[] }
  | undefined;

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Pure: what becomes of an object whose owners are as told. */
export function decideDependent(object: KubeObject, states: ReadonlyMap<string, OwnerState>, hasDependents: boolean): GarbageAction {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return undefined;
  const of = (state: OwnerState): readonly OwnerReference[] => owners.filter(({ uid }) => states.get(uid) === state);
  const absent = of('absent');
  const waiting = of('waiting');
  if (of('there').length + of('unknown').length > 0) {
    const gone = [...absent, ...waiting];
    return gone.length === 0 ? undefined : { type: 'forget-owners', uids: gone.map(({ uid }) => uid) };
  }
  // What owns something itself goes the way of its owner, so that the whole tree goes from the leaves up.
  if (waiting.length > 0 && hasDependents) return { type: 'delete', policy: 'Foreground' };
  return { type: 'delete', policy: policyOf(object) };
}

/** An object that says itself how it wants to go keeps that. */
function policyOf({ metadata }: KubeObject): 'Background' | 'Foreground' {
  return metadata.finalizers?.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

/** Whether the object waits for what it owns: it is being deleted in the foreground, or leaves orphans. */
export function duty({ metadata }: KubeObject): 'foreground' | 'orphan' | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  if (metadata.finalizers?.includes(ORPHAN)) return 'orphan';
  return metadata.finalizers?.includes(FOREGROUND) ? 'foreground' : undefined;
}

/** The merge patch that takes some owners or one finalizer off an object, if nobody changed it since. */
export function withoutOwners({ metadata }: KubeObject, uids: readonly string[]): object {
  const { uid, resourceVersion, ownerReferences = [] } = metadata;
  return { metadata: { uid, resourceVersion, ownerReferences: ownerReferences.filter((owner) => !uids.includes(owner.uid)) } };
}
export function withoutFinalizer({ metadata }: KubeObject, finalizer: string): object {
  const { uid, resourceVersion, finalizers = [] } = metadata;
  return { metadata: { uid, resourceVersion, finalizers: finalizers.filter((one) => one !== finalizer) } };
}
