import { type KubeObject, type LabelSelector, matchesLabels, type OwnerReference } from '#cluster/api';

/** The reference of the controller among an object's owners. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller);
}

/** What an object that `owner` controls carries. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
}

export interface Claims<T> {
  /** Controlled by the owner, and its selector chooses them. */
  readonly owned: readonly T[];
  /** Chosen by the selector and nobody's. */
  readonly adopt: readonly T[];
  /** Controlled by the owner, but its selector no longer chooses them. */
  readonly release: readonly T[];
}

/** Pure: which of the candidates are the owner's, which it takes, which it lets go. An owner that is being deleted takes and lets go nothing. */
export function claim<T extends KubeObject>(owner: KubeObject, selector: LabelSelector, candidates: readonly T[]): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const ending = owner.metadata.deletionTimestamp !== undefined;
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const matches = selector.length > 0 && matchesLabels(selector, candidate.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) owned.push(candidate);
      else if (!ending) release.push(candidate);
    } else if (matches && !ending && candidate.metadata.deletionTimestamp === undefined) adopt.push(candidate);
  }
  return { owned, adopt, release };
}

/** The strategic merge patch that makes `owner` the controller of an object, if it is still the same object. */
export function adoptionPatch(owner: KubeObject, object: KubeObject): object {
  return { metadata: { uid: object.metadata.uid, ownerReferences: [controllerReference(owner)] } };
}

/** The merge patch that takes `owner` off an object, if nobody changed it since. */
export function releasePatch(owner: KubeObject, object: KubeObject): object {
  const { uid, resourceVersion, ownerReferences = [] } = object.metadata;
  return { metadata: { uid, resourceVersion, ownerReferences: ownerReferences.filter((one) => one.uid !== owner.metadata.uid) } };
}
