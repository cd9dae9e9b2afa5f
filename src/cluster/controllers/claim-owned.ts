import { type KubeObject, type ObjectSelector, type ResourceRef, requirementsOf } from '#cluster/api';
import { OWNER, UNCONTROLLED } from './informers.ts';
import { adoptionPatch, claim, releasePatch } from './owners.ts';
import type { Shared } from './types.ts';
import { ignoreGone } from './writes.ts';

/**
 * Takes the objects of one resource that the owner's selector chooses, and lets go those that it no longer does. Answers who tells what
 * `owner` controls: as the cache has it when he is asked, so that nothing lies between that and what else is known then.
 */
export async function claimOwned<T extends KubeObject>(
  shared: Shared,
  ref: ResourceRef,
  owner: KubeObject,
  selector: ObjectSelector,
): Promise<() => readonly T[]> {
  const { namespace, uid = '' } = owner.metadata;
  const cache = shared.informers.of<T>(ref);
  const requirements = requirementsOf(selector);
  const { adopt, release } = claim(owner, requirements, [...cache.byIndex(OWNER, uid), ...cache.byIndex(UNCONTROLLED, namespace ?? '')]);
  const resource = shared.client.resource<T>(ref);
  const adopted = await Promise.all(adopt.map((one) => ignoreGone(resource.patch(one.metadata.name ?? '', namespace, 'strategic', adoptionPatch(owner, one)))));
  await Promise.all(release.map((one) => ignoreGone(resource.patch(one.metadata.name ?? '', namespace, 'merge', releasePatch(owner, one)))));
  return () => {
    const { owned } = claim(owner, requirements, cache.byIndex(OWNER, uid));
    if (adopted.length === 0) return owned;
    const known = new Set(owned.map(({ metadata }) => metadata.uid));
    return [...owned, ...adopted.filter((one) => one !== undefined).filter(({ metadata }) => !known.has(metadata.uid))];
  };
}
