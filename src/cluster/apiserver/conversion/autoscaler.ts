import type {
  V1HorizontalPodAutoscaler,
  V2HorizontalPodAutoscaler,
  V2HorizontalPodAutoscalerSpec,
  V2HorizontalPodAutoscalerStatus,
  V2MetricSpec,
} from '#cluster/api';
import { defined } from './renamed.ts';

/** Where the older version keeps what it has no fields for. */
const KEPT = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
} as const;

/** autoscaling/v2 as autoscaling/v1: one figure for the processor; the rest goes into annotations. */
export function autoscalerToV1({ metadata, spec, status }: V2HorizontalPodAutoscaler): V1HorizontalPodAutoscaler {
  const cpu = spec?.metrics?.find(isCpuUtilization);
  const others = spec?.metrics?.filter((metric) => metric !== cpu);
  const currentCpu = status?.currentMetrics?.find((metric) => metric.resource?.name === 'cpu')?.resource?.current.averageUtilization;
  const kept = {
    metrics: others?.length ? others : undefined,
    behavior: spec?.behavior,
    conditions: status?.conditions,
    currentMetrics: status?.currentMetrics,
  };
  const annotations = { ...metadata.annotations };
  for (const [field, value] of Object.entries(kept)) {
    // The record above has KEPT's own keys.
    if (value !== undefined) annotations[KEPT[field as keyof typeof KEPT]] = JSON.stringify(value);
  }
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: {
      maxReplicas: spec?.maxReplicas ?? 0,
      scaleTargetRef: spec?.scaleTargetRef ?? { kind: '', name: '' },
      ...defined({ minReplicas: spec?.minReplicas, targetCPUUtilizationPercentage: cpu?.resource?.target.averageUtilization }),
    },
    ...(status && {
      status: {
        currentReplicas: status.currentReplicas ?? 0,
        desiredReplicas: status.desiredReplicas,
        ...defined({ lastScaleTime: status.lastScaleTime, observedGeneration: status.observedGeneration, currentCPUUtilizationPercentage: currentCpu }),
      },
    }),
  };
}

/** autoscaling/v1 as autoscaling/v2. */
export function autoscalerToV2({ metadata, spec, status }: V1HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  const annotations = { ...metadata.annotations };
  const take = <T>(name: string): T | undefined => {
    const text = annotations[name];
    delete annotations[name];
    // Written by `autoscalerToV1`, or by a client that knows the annotation; a text that is no JSON is refused as a bad request would be.
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const others = take<V2MetricSpec[]>(KEPT.metrics) ?? [];
  const behavior = take<V2HorizontalPodAutoscalerSpec['behavior']>(KEPT.behavior);
  const conditions = take<V2HorizontalPodAutoscalerStatus['conditions']>(KEPT.conditions);
  const currentMetrics = take<V2HorizontalPodAutoscalerStatus['currentMetrics']>(KEPT.currentMetrics);
  const { annotations: _, ...rest } = metadata;
  const percentage = spec.targetCPUUtilizationPercentage;
  const metrics = [...(percentage === undefined ? [] : [cpuUtilization(percentage)]), ...others];
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest,
    spec: {
      maxReplicas: spec.maxReplicas,
      scaleTargetRef: spec.scaleTargetRef,
      ...defined({ minReplicas: spec.minReplicas, behavior, metrics: metrics.length > 0 ? metrics : undefined }),
    },
    ...(status && {
      status: {
        currentReplicas: status.currentReplicas,
        desiredReplicas: status.desiredReplicas,
        ...defined({ lastScaleTime: status.lastScaleTime, observedGeneration: status.observedGeneration, conditions, currentMetrics }),
      },
    }),
  };
}

function isCpuUtilization({ resource }: V2MetricSpec): boolean {
  return resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

function cpuUtilization(averageUtilization: number): V2MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}
