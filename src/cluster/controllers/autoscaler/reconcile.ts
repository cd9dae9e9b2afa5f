import {
  formatQuantity,
  type V1Pod,
  type V2HorizontalPodAutoscaler,
  type V2HorizontalPodAutoscalerCondition,
  type V2HorizontalPodAutoscalerStatus,
  type V2MetricSpec,
  type V2MetricStatus,
} from '#cluster/api';
import { timestamp } from '#cluster/client';
import { type Behavior, limit, type Memory, remember } from './behavior.ts';
import { durationMs, type PodMetrics, usageOf } from './metrics.ts';
import { type Calculation, recommend } from './replicas.ts';

export interface AutoscalerView {
  readonly autoscaler: V2HorizontalPodAutoscaler;
  readonly current: number;
  readonly pods: readonly V1Pod[];
  /** By the Pods' names; undefined with the reason where they could not be had. */
  readonly metrics: ReadonlyMap<string, PodMetrics> | { readonly failure: string };
  readonly behavior: Behavior;
  readonly memory: Memory;
}
export interface AutoscalerPlan {
  /** The new size, where it changes. */
  readonly scaleTo?: number;
  readonly reason: string;
  readonly conditions: readonly Condition[];
  readonly currentMetrics: readonly V2MetricStatus[];
  readonly desired: number;
  readonly memory: Memory;
  readonly warning?: { readonly reason: string; readonly message: string };
}
export type Condition = Pick<V2HorizontalPodAutoscalerCondition, 'type' | 'status'> & { readonly reason: string; readonly message: string };

const condition = (type: string, status: 'True' | 'False', reason: string, message: string): Condition => ({ type, status, reason, message });

/** Pure: whether and to what a target is scaled. */
export function planAutoscaler(view: AutoscalerView, now_ms: number): AutoscalerPlan {
  const { autoscaler, current, memory } = view;
  const { minReplicas: min = 1, maxReplicas: max } = autoscaler.spec ?? { maxReplicas: 1 };
  const scaled = condition('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
  if (current === 0 && min !== 0) {
    const disabled = condition('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
    return { reason: '', conditions: [scaled, disabled], currentMetrics: [], desired: 0, memory };
  }
  if (current > max)
    return { scaleTo: max, reason: 'Current number of replicas above Spec.MaxReplicas', conditions: [scaled], currentMetrics: [], desired: max, memory };
  if (current < min)
    return { scaleTo: min, reason: 'Current number of replicas below Spec.MinReplicas', conditions: [scaled], currentMetrics: [], desired: min, memory };
  return byMetrics(view, scaled, now_ms);
}

function byMetrics(view: AutoscalerView, scaled: Condition, now_ms: number): AutoscalerPlan {
  const { autoscaler, current, behavior } = view;
  const memory = view.memory.recommendations.length === 0 ? { ...view.memory, recommendations: [{ at_ms: now_ms, replicas: current }] } : view.memory;
  const results = (autoscaler.spec?.metrics ?? []).map((metric) => ({ metric, result: calculate(metric, view, now_ms) }));
  const currentMetrics = results.flatMap(({ metric, result }) => (result.ok ? [statusOf(metric, result)] : []));
  const best = results.filter(({ result }) => result.ok).toSorted((a, b) => replicasOf(b.result) - replicasOf(a.result))[0];
  const failed = results.find(({ result }) => !result.ok);
  // A metric that can't be had never lets the target shrink: it might have asked for more.
  if (best === undefined || (failed !== undefined && replicasOf(best.result) < current)) {
    const message = failed !== undefined && !failed.result.ok ? failed.result.message : 'the autoscaler names no metrics';
    const reason = failed === undefined ? 'InvalidMetricSourceType' : reasonOf(failed.metric);
    const words = `the HPA was unable to compute the replica count: ${message}`;
    return {
      reason: '',
      conditions: [scaled, condition('ScalingActive', 'False', reason, words)],
      currentMetrics,
      desired: current,
      memory,
      warning: { reason, message },
    };
  }
  const recommended = replicasOf(best.result);
  const limited = limit(recommended, current, autoscaler.spec ?? { maxReplicas: 1, scaleTargetRef: { kind: '', name: '' } }, behavior, memory, now_ms);
  const active = condition(
    'ScalingActive',
    'True',
    'ValidMetricFound',
    `the HPA was able to successfully calculate a replica count from ${describe(best.metric)}`,
  );
  const change = limited.replicas - current;
  const able =
    change !== 0
      ? scaled
      : limited.stabilized
        ? held(limited.stabilized)
        : condition('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size');
  return {
    ...(change === 0 ? {} : { scaleTo: limited.replicas }),
    reason: change > 0 ? `${describe(best.metric)} above target` : 'All metrics below target',
    conditions: [able, active, condition('ScalingLimited', limited.limit.status, limited.limit.reason, limited.limit.message)],
    currentMetrics,
    desired: limited.replicas,
    memory: remember(memory, behavior, recommended, change, now_ms),
  };
}

function held(way: 'up' | 'down'): Condition {
  if (way === 'down')
    return condition(
      'AbleToScale',
      'True',
      'ScaleDownStabilized',
      'recent recommendations were higher than current one, applying the highest recent recommendation',
    );
  return condition('AbleToScale', 'True', 'ScaleUpStabilized', 'recent recommendations were lower than current one, applying the lowest recent recommendation');
}

const replicasOf = (result: Calculation): number => (result.ok ? result.recommendation.replicas : 0);

function calculate(metric: V2MetricSpec, view: AutoscalerView, now_ms: number): Calculation {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined) return { ok: false, message: `metrics of type ${metric.type} are not supported: use Resource or ContainerResource` };
  const { metrics } = view;
  if ('failure' in metrics)
    return { ok: false, message: `failed to get ${source.name} utilization: unable to get metrics for resource ${source.name}: ${metrics.failure}` };
  const container = metric.containerResource?.container;
  const usages = view.pods.map((pod) => {
    const found = metrics.get(pod.metadata.name ?? '');
    return {
      pod,
      usage: found && usageOf(found, source.name, container),
      timestamp_ms: Date.parse(found?.timestamp ?? ''),
      window_ms: durationMs(found?.window),
    };
  });
  const tolerance = { up: view.behavior.up.tolerance, down: view.behavior.down.tolerance };
  return recommend({
    current: view.current,
    resource: source.name,
    ...(container === undefined ? {} : { container }),
    target: source.target,
    usages,
    tolerance,
    now_ms,
  });
}

function reasonOf(metric: V2MetricSpec): string {
  if (metric.resource) return 'FailedGetResourceMetric';
  return metric.containerResource ? 'FailedGetContainerResourceMetric' : 'InvalidMetricSourceType';
}

function describe(metric: V2MetricSpec): string {
  const source = metric.resource ?? metric.containerResource;
  const what = metric.containerResource ? `${source?.name} container resource` : `${source?.name} resource`;
  return source?.target.averageUtilization === undefined ? what : `${what} utilization (percentage of request)`;
}

function statusOf(metric: V2MetricSpec, result: Calculation & { ok: true }): V2MetricStatus {
  const { averageValue, averageUtilization } = result.recommendation;
  const current = { averageValue: formatQuantity(averageValue), ...(averageUtilization === undefined ? {} : { averageUtilization }) };
  if (metric.containerResource)
    return { type: metric.type, containerResource: { name: metric.containerResource.name, container: metric.containerResource.container, current } };
  return { type: metric.type, resource: { name: metric.resource?.name ?? '', current } };
}

/** Pure: the status that a look leaves. */
export function autoscalerStatus(
  autoscaler: V2HorizontalPodAutoscaler,
  plan: AutoscalerPlan,
  current: number,
  scaledAt_ms: number | undefined,
  now_ms: number,
): V2HorizontalPodAutoscalerStatus {
  const { status, metadata } = autoscaler;
  const said = new Map((status?.conditions ?? []).map((one) => [one.type, one]));
  for (const next of plan.conditions) {
    const before = said.get(next.type);
    said.set(next.type, { ...next, lastTransitionTime: before?.status === next.status ? (before.lastTransitionTime ?? timestamp(now_ms)) : timestamp(now_ms) });
  }
  const lastScaleTime = scaledAt_ms === undefined ? status?.lastScaleTime : timestamp(scaledAt_ms);
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    currentReplicas: current,
    desiredReplicas: plan.desired,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentMetrics: [...plan.currentMetrics],
    conditions: [...said.values()],
  };
}
