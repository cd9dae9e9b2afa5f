import type { V1Pod } from '#cluster/api';
import { conditionOf, isReady, restartsOf } from '../pods.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Pure: the Pods in the order in which they are given up: unscheduled before scheduled, pending before running, not ready before ready,
 * cheaper before dearer, those that share their node with more of `related` first, then the shorter ready, the oftener restarted, the younger.
 */
export function rankForDeletion(pods: readonly V1Pod[], related: readonly V1Pod[], now_ms: number): readonly V1Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of related) if (spec?.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  const keys = new Map(pods.map((pod) => [pod, rankOf(pod, onNode, now_ms)]));
  return pods.toSorted((a, b) => compare(keys.get(a) ?? [], keys.get(b) ?? []));
}

/** Lower goes first, field by field. */
function rankOf(pod: V1Pod, onNode: ReadonlyMap<string, number>, now_ms: number): readonly number[] {
  const ready = isReady(pod);
  const readySince = conditionOf(pod, 'Ready')?.lastTransitionTime;
  return [
    pod.spec?.nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? 'Pending'] ?? 0,
    ready ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
    -(onNode.get(pod.spec?.nodeName ?? '') ?? 0),
    ready ? ageBucket(readySince, now_ms) : 0,
    -restartsOf(pod),
    ageBucket(pod.metadata.creationTimestamp, now_ms),
  ];
}

/** Ages are compared by their order of magnitude, as Kubernetes does, so that equally old Pods go by chance of their names. */
function ageBucket(time: string | undefined, now_ms: number): number {
  if (time === undefined) return 0;
  return Math.floor(Math.log2(Math.max(1, (now_ms - Date.parse(time)) / 1000)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
