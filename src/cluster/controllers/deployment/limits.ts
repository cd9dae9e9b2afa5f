import { resolveIntOrPercent, type V1Deployment, type V1ReplicaSet } from '#cluster/api';

/** How far a rollout may leave the wanted number of Pods. */
export interface Limits {
  readonly replicas: number;
  readonly surge: number;
  readonly unavailable: number;
}

/** Pure: surge rounds up, unavailable rounds down; both 0 would stand still, so one may then be away. */
export function limitsOf({ spec }: V1Deployment): Limits {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === 'Recreate') return { replicas, surge: 0, unavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec?.strategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, replicas, 'up') ?? 0;
  const unavailable = resolveIntOrPercent(maxUnavailable, replicas, 'down') ?? 0;
  const some = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, surge, unavailable: Math.min(some, replicas) };
}

export const sizeOf = (replicaSet: V1ReplicaSet): number => replicaSet.spec?.replicas ?? 0;
/** Its status tells of its size as it is now. A status from before its last change counts Pods that may be gone since. */
export const isCurrent = ({ metadata, status }: V1ReplicaSet): boolean => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
/** How many Pods are available for certain. */
export const availableOf = (replicaSet: V1ReplicaSet): number => (isCurrent(replicaSet) ? (replicaSet.status?.availableReplicas ?? 0) : 0);
/** How many Pods of it a ReplicaSet can lose with none of them being available: it ends those first. `ready` are ready by now, which a status may not tell yet. */
export const spareOf = (replicaSet: V1ReplicaSet, ready: number): number =>
  isCurrent(replicaSet) ? Math.max(0, sizeOf(replicaSet) - Math.max(availableOf(replicaSet), ready)) : 0;
export const sum = (replicaSets: readonly V1ReplicaSet[], of: (replicaSet: V1ReplicaSet) => number): number =>
  replicaSets.reduce((total, one) => total + of(one), 0);
export const olderFirst = (a: V1ReplicaSet, b: V1ReplicaSet): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '');
