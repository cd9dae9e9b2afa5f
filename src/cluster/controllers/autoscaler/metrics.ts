import { type KubeObject, parseQuantity, type V1Pod } from '#cluster/api';
import { conditionOf } from '../pods.ts';

/** metrics.k8s.io PodMetrics, which the API server serves itself. */
export interface PodMetrics extends KubeObject {
  readonly timestamp: string;
  /** A duration such as `15s`. */
  readonly window?: string;
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}
/** What is known of one Pod. All amounts in thousandths. */
export interface PodUsage {
  readonly pod: V1Pod;
  readonly usage: bigint | undefined;
  readonly timestamp_ms: number;
  readonly window_ms: number;
}
export interface MetricGroups {
  readonly ready: readonly PodUsage[];
  readonly unready: readonly V1Pod[];
  readonly missing: readonly V1Pod[];
}
const CPU_INITIALIZATION_MS = 300_000;
const INITIAL_READINESS_MS = 30_000;

/** The usage of one resource by a Pod, or by one container of it; undefined where it is not told. */
export function usageOf(metrics: PodMetrics, resource: string, container: string | undefined): bigint | undefined {
  const chosen = metrics.containers.filter(({ name }) => container === undefined || name === container);
  if (chosen.length === 0) return undefined;
  let total = 0n;
  for (const { usage } of chosen) {
    const amount = usage[resource];
    if (amount === undefined) return undefined;
    total += parseQuantity(amount);
  }
  return total;
}

/** What a Pod (or one container of it) asks for of a resource; undefined with the container that doesn't say. */
export function requestOf({ spec }: V1Pod, resource: string, container: string | undefined): { readonly amount: bigint } | { readonly missing: string } {
  let amount = 0n;
  for (const { name, resources } of spec?.containers ?? []) {
    if (container !== undefined && name !== container) continue;
    const request = resources?.requests?.[resource] ?? resources?.limits?.[resource];
    if (request === undefined) return { missing: name };
    amount += parseQuantity(request);
  }
  return { amount };
}

/** Pure: the Pods that count, those too young to be judged, and those without figures; what ends or has failed is left out. */
export function groupPods(usages: readonly PodUsage[], resource: string, now_ms: number): MetricGroups {
  const ready: PodUsage[] = [];
  const unready: V1Pod[] = [];
  const missing: V1Pod[] = [];
  for (const one of usages) {
    const { pod } = one;
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') continue;
    if (pod.status?.phase === 'Pending') unready.push(pod);
    else if (one.usage === undefined) missing.push(pod);
    else if (resource === 'cpu' && isUnready(one, now_ms)) unready.push(pod);
    else ready.push(one);
  }
  return { ready, unready, missing };
}

/** While a container starts up, its CPU says nothing about the load. */
function isUnready({ pod, timestamp_ms, window_ms }: PodUsage, now_ms: number): boolean {
  const condition = conditionOf(pod, 'Ready');
  const started = pod.status?.startTime;
  if (condition === undefined || started === undefined) return true;
  const started_ms = Date.parse(started);
  const changed_ms = Date.parse(condition.lastTransitionTime ?? started);
  if (started_ms + CPU_INITIALIZATION_MS > now_ms) return condition.status === 'False' || timestamp_ms < changed_ms + window_ms;
  return condition.status === 'False' && started_ms + INITIAL_READINESS_MS > changed_ms;
}

/** A Go duration of hours, minutes and seconds, in milliseconds. */
export function durationMs(text: string | undefined): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  return [...(text ?? '').matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce((total, [, number, unit]) => total + Number(number) * (units[unit ?? ''] ?? 0), 0);
}
