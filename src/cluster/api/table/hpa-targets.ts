import type { V2HorizontalPodAutoscaler, V2MetricSpec, V2MetricStatus } from '../generated/types.ts';

const SHOWN_MAX = 2;

/** The TARGETS column: each metric's present value and target, `cpu: 12%/50%`. */
export function autoscalerTargets({ spec, status }: V2HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const shown = metrics.slice(0, SHOWN_MAX).map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  return `${shown.join(', ')}${metrics.length > SHOWN_MAX ? ` + ${metrics.length - SHOWN_MAX} more...` : ''}`;
}

function targetText(metric: V2MetricSpec, current: V2MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric;
  const named = resource ?? containerResource;
  if (named !== undefined) return `${named.name}: ${shareText(named.target, (current?.resource ?? current?.containerResource)?.current)}`;
  if (pods !== undefined) return `${current?.pods?.current.averageValue ?? '<unknown>'}/${pods.target.averageValue}`;
  const target = (object ?? external)?.target;
  const seen = (current?.object ?? current?.external)?.current;
  if (target === undefined) return '<unknown type>';
  if (target.averageValue !== undefined) return `${seen?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`;
  return `${seen?.value ?? '<unknown>'}/${target.value}`;
}

interface Figures {
  readonly averageValue?: string;
  readonly averageUtilization?: number;
}

function shareText(target: Figures, seen: Figures | undefined): string {
  if (target.averageValue !== undefined) return `${seen?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  const percent = (share: number | undefined, none: string) => (share === undefined ? none : `${share}%`);
  return `${percent(seen?.averageUtilization, '<unknown>')}/${percent(target.averageUtilization, '<auto>')}`;
}
