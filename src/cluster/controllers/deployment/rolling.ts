import type { V1ReplicaSet } from '#cluster/api';
import { availableOf, type Limits, olderFirst, sizeOf, spareOf, sum } from './limits.ts';

/** How many Pods of a ReplicaSet are ready by now, which its status may not tell yet. */
export type ReadyOf = (replicaSet: V1ReplicaSet) => number;
/** A ReplicaSet's new size. */
export interface Resize {
  readonly replicaSet: V1ReplicaSet;
  readonly to: number;
}

/** Pure: how big the newest ReplicaSet may be now, `present` being its size (0 where it is yet to be made). */
export function newestSize(limits: Limits, present: number, olds: readonly V1ReplicaSet[], recreate: boolean): number {
  if (present >= limits.replicas || recreate) return limits.replicas;
  const room = limits.replicas + limits.surge - present - sum(olds, sizeOf);
  if (room <= 0) return present;
  return present + Math.min(room, limits.replicas - present);
}

/** Pure: how the old ReplicaSets shrink: first what is unhealthy, then as many as availability allows. */
export function shrinkOlds(limits: Limits, newest: V1ReplicaSet | undefined, olds: readonly V1ReplicaSet[], readyOf: ReadyOf): readonly Resize[] {
  const all = newest === undefined ? olds : [newest, ...olds];
  if (sum(olds, sizeOf) === 0) return [];
  const least = limits.replicas - limits.unavailable;
  const newestUnavailable = newest === undefined ? 0 : sizeOf(newest) - availableOf(newest);
  const most = sum(all, sizeOf) - least - newestUnavailable;
  if (most <= 0) return [];
  const sizes = new Map(olds.map((old) => [old, sizeOf(old)]));
  shrinkUnhealthy(sizes, most, readyOf);
  shrinkHealthy(sizes, sum(all, availableOf) - least);
  return olds.filter((old) => sizes.get(old) !== sizeOf(old)).map((replicaSet) => ({ replicaSet, to: sizes.get(replicaSet) ?? 0 }));
}

function shrinkUnhealthy(sizes: Map<V1ReplicaSet, number>, most: number, readyOf: ReadyOf): void {
  let left = most;
  for (const old of [...sizes.keys()].sort(olderFirst)) {
    const size = sizes.get(old) ?? 0;
    const away = Math.min(left, spareOf(old, readyOf(old)));
    sizes.set(old, size - away);
    left -= away;
  }
}

function shrinkHealthy(sizes: Map<V1ReplicaSet, number>, most: number): void {
  let left = Math.max(0, most);
  for (const old of [...sizes.keys()].sort(olderFirst)) {
    const size = sizes.get(old) ?? 0;
    const away = Math.min(left, size);
    sizes.set(old, size - away);
    left -= away;
  }
}
