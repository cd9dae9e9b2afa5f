import type { V2HorizontalPodAutoscaler, V2MetricSpec, V2MetricStatus } from '../generated/types.ts';

/** The TARGETS column: each metric's present value and target, `cpu: 12%/50%`. */
export function autoscalerTargets({ spec, status }: V2HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  return metrics.map((metric, index) => targetText(metric, status?.currentMetrics?.[index])).join(', ');
}

function targetText(metric: V2MetricSpec, current: V2MetricStatus | undefined): string {
  const wanted = metric.resource?.target ?? metric.containerResource?.target ?? metric.pods?.target ?? metric.object?.target ?? metric.external?.target;
  const seen =
    current?.resource?.current ?? current?.containerResource?.current ?? current?.pods?.current ?? current?.object?.current ?? current?.external?.current;
  const name = metric.resource?.name ?? metric.containerResource?.name;
  const head = name === undefined ? '' : `${name}: `;
  if (wanted?.averageUtilization !== undefined) {
    return `${head}${seen?.averageUtilization === undefined ? '<unknown>' : `${seen.averageUtilization}%`}/${wanted.averageUtilization}%`;
  }
  return `${head}${seen?.averageValue ?? seen?.value ?? '<unknown>'}/${wanted?.averageValue ?? wanted?.value ?? '<auto>'}`;
}
