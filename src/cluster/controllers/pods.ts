import type { V1Pod, V1PodCondition } from '#cluster/api';

export function conditionOf(pod: V1Pod, type: string): V1PodCondition | undefined {
  for (const condition of pod.status?.conditions ?? []) if (condition.type === type) return condition;
  return undefined;
}

export function isReady(pod: V1Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** Neither ended nor told to end. */
export function isActive(pod: V1Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isTerminal(pod: V1Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** How long until the Pod was ready for `minReadySeconds`: 0 where it was, undefined where it is not ready. */
export function untilAvailable_ms(pod: V1Pod, minReadySeconds: number, now_ms: number): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  if (ready.lastTransitionTime === undefined) return undefined;
  return Math.max(0, Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - now_ms);
}

export function restartsOf(pod: V1Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}
