import { type KubeObject, type ObjectSelector, type ResourceRef, requirementsOf } from '#cluster/api';
import { OWNER, UNCONTROLLED } from './informers.ts';
import { adoptionPatch, claim, releasePatch } from './owners.ts';
import type { Shared } from './types.ts';
import { ignoreGone } from './writes.ts';

/** The objects of one resource that `owner` controls, after it took those its selector chooses and let go those it no longer does. */
export async function claimOwned<T extends KubeObject>(shared: Shared, ref: ResourceRef, owner: KubeObject, selector: ObjectSelector): Promise<readonly T[]> {
  const { namespace, uid = '' } = owner.metadata;
  const cache = shared.informers.of<T>(ref);
  const candidates = new Set([...cache.byIndex(OWNER, uid), ...cache.byIndex(UNCONTROLLED, namespace ?? '')]);
  const { owned, adopt, release } = claim(owner, requirementsOf(selector), [...candidates]);
  const resource = shared.client.resource<T>(ref);
  const adopted = await Promise.all(adopt.map((one) => ignoreGone(resource.patch(one.metadata.name ?? '', namespace, 'strategic', adoptionPatch(owner, one)))));
  await Promise.all(release.map((one) => ignoreGone(resource.patch(one.metadata.name ?? '', namespace, 'merge', releasePatch(owner, one)))));
  return [...owned, ...adopted.filter((one) => one !== undefined)];
}
