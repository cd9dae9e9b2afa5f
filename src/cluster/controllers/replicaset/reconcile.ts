import { type V1Pod, type V1ReplicaSet, type V1ReplicaSetCondition, type V1ReplicaSetStatus } from '#cluster/api';
import { timestamp } from '#cluster/client';
import { controllerReference } from '../owners.ts';
import { isActive, isReady, untilAvailable_ms } from '../pods.ts';
import { rankForDeletion } from './ranking.ts';

export interface ReplicaSetView {
  readonly replicaSet: V1ReplicaSet;
  /** The Pods that it controls, its own unseen writes counted in. */
  readonly pods: readonly V1Pod[];
  /** The Pods of all ReplicaSets of the same owner. */
  readonly related: readonly V1Pod[];
}
export interface ReplicaSetPlan {
  readonly create: number;
  readonly remove: readonly V1Pod[];
  /** When a Pod that is ready becomes available, if one is on the way. */
  readonly lookAgain_ms?: number;
}

/** Pure: what makes the number of Pods as it should be. */
export function planReplicaSet({ replicaSet, pods, related }: ReplicaSetView, now_ms: number): ReplicaSetPlan {
  const wait = nextAvailable_ms(replicaSet, pods, now_ms);
  const later = wait === undefined ? {} : { lookAgain_ms: wait };
  if (replicaSet.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [], ...later };
  const active = pods.filter(isActive);
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: missing, remove: [], ...later };
  return { create: 0, remove: rankForDeletion(active, related.filter(isActive), now_ms).slice(0, -missing), ...later };
}

function nextAvailable_ms(replicaSet: V1ReplicaSet, pods: readonly V1Pod[], now_ms: number): number | undefined {
  const minReady = replicaSet.spec?.minReadySeconds ?? 0;
  // What is ready is available at once.
  if (minReady === 0) return undefined;
  const waits = pods.map((pod) => untilAvailable_ms(pod, minReady, now_ms)).filter((wait) => wait !== undefined && wait > 0);
  return waits.length === 0 ? undefined : Math.min(...waits.map((wait) => wait ?? 0));
}

/** Pure: the Pod that the template stands for. */
export function podOf(replicaSet: V1ReplicaSet): V1Pod {
  const { name, namespace } = replicaSet.metadata;
  const template = replicaSet.spec?.template;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(replicaSet)],
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  };
}

/**
 * Pure: the status that the Pods make, less those of `removed`, which were just told to end: it is read as that of the size that asked for
 * it. `failure` is why the last creation or deletion failed, if it did.
 */
export function statusOf(
  { replicaSet, pods }: ReplicaSetView,
  removed: readonly V1Pod[],
  failure: { readonly reason: string; readonly message: string } | undefined,
  now_ms: number,
): V1ReplicaSetStatus {
  const active = pods.filter((pod) => isActive(pod) && !removed.includes(pod));
  const labels = Object.entries(replicaSet.spec?.template?.metadata?.labels ?? {});
  const minReady = replicaSet.spec?.minReadySeconds ?? 0;
  const ready = active.filter(isReady);
  const available = minReady === 0 ? ready : ready.filter((pod) => untilAvailable_ms(pod, minReady, now_ms) === 0);
  const conditions = conditionsAfter(replicaSet, failure, now_ms);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value)).length,
    readyReplicas: ready.length,
    availableReplicas: available.length,
    observedGeneration: replicaSet.metadata.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function conditionsAfter(
  replicaSet: V1ReplicaSet,
  failure: { readonly reason: string; readonly message: string } | undefined,
  now_ms: number,
): V1ReplicaSetCondition[] {
  const present = replicaSet.status?.conditions ?? [];
  const others = present.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  // The first words for a reason stay: a failure told anew in other words would be a change, and each change is tried at once.
  if (present.some(({ type, status, reason }) => type === 'ReplicaFailure' && status === 'True' && reason === failure.reason)) return [...present];
  return [...others, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: timestamp(now_ms) }];
}
