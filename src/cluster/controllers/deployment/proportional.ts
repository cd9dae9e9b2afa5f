import type { V1Deployment, V1ReplicaSet } from '#cluster/api';
import { DESIRED, MAX } from './annotations.ts';
import { availableOf, type Limits, olderFirst, sizeOf, spareOf, sum } from './limits.ts';
import type { ReadyOf, Resize } from './rolling.ts';

/** Whether the Deployment was given another size since its ReplicaSets were last sized: that is not a rollout. */
export function wasResized(deployment: V1Deployment, replicaSets: readonly V1ReplicaSet[]): boolean {
  const replicas = deployment.spec?.replicas ?? 1;
  return replicaSets.some((one) => {
    const desired = one.metadata.annotations?.[DESIRED];
    return sizeOf(one) > 0 && desired !== undefined && Number(desired) !== replicas;
  });
}

/** Pure: spreads a new size over the ReplicaSets in proportion, so that a rollout that is under way keeps its stage. */
export function scaleProportionally(
  deployment: V1Deployment,
  limits: Limits,
  newest: V1ReplicaSet | undefined,
  olds: readonly V1ReplicaSet[],
  readyOf: ReadyOf,
): readonly Resize[] {
  const all = newest === undefined ? olds : [newest, ...olds];
  const active = all.filter((one) => sizeOf(one) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? olds.toSorted(olderFirst).at(-1);
    return only === undefined ? [] : [{ replicaSet: only, to: limits.replicas }];
  }
  if (newest !== undefined && isSaturated(newest, limits)) return olds.filter((old) => sizeOf(old) > 0).map((replicaSet) => ({ replicaSet, to: 0 }));
  if (deployment.spec?.strategy?.type === 'Recreate') return [];
  return keepAvailable(limits, spread(deployment, limits, active), readyOf);
}

function isSaturated(newest: V1ReplicaSet, { replicas }: Limits): boolean {
  return sizeOf(newest) === replicas && Number(newest.metadata.annotations?.[DESIRED]) === replicas && availableOf(newest) === replicas;
}

function spread(deployment: V1Deployment, limits: Limits, active: readonly V1ReplicaSet[]): readonly Resize[] {
  const allowed = limits.replicas > 0 ? limits.replicas + limits.surge : 0;
  const toAdd = allowed - sum(active, sizeOf);
  const ages = active.toSorted(olderFirst);
  const byAge = toAdd > 0 ? ages.toReversed() : ages;
  const bigFirst = byAge.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  let added = 0;
  const resizes = bigFirst.map((replicaSet) => {
    const share = toAdd === 0 ? 0 : shareOf(deployment, limits, replicaSet, toAdd - added);
    added += share;
    return { replicaSet, to: sizeOf(replicaSet) + share };
  });
  // What rounding left over goes to the biggest.
  return resizes.map(({ replicaSet, to }, index) => ({ replicaSet, to: Math.max(0, index === 0 ? to + toAdd - added : to) }));
}

/** Takes back what would end Pods that are needed; the rollout takes the rest away when others are available. */
function keepAvailable(limits: Limits, resizes: readonly Resize[], readyOf: ReadyOf): readonly Resize[] {
  let left = Math.max(
    0,
    sum(
      resizes.map(({ replicaSet }) => replicaSet),
      availableOf,
    ) -
      (limits.replicas - limits.unavailable),
  );
  return resizes.map(({ replicaSet, to }) => {
    const away = sizeOf(replicaSet) - to;
    const free = spareOf(replicaSet, readyOf(replicaSet));
    const needed = Math.max(0, away - free);
    const allowed = Math.min(needed, left);
    left -= allowed;
    return { replicaSet, to: to + needed - allowed };
  });
}

function shareOf(deployment: V1Deployment, limits: Limits, replicaSet: V1ReplicaSet, left: number): number {
  const size = sizeOf(replicaSet);
  const fraction = limits.replicas === 0 ? -size : Math.round((size * (limits.replicas + limits.surge)) / sizedFor(deployment, replicaSet)) - size;
  return left > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function sizedFor(deployment: V1Deployment, replicaSet: V1ReplicaSet): number {
  return Number(replicaSet.metadata.annotations?.[MAX]) || deployment.status?.replicas || 1;
}
