import type {
  V2CrossVersionObjectReference,
  V2HorizontalPodAutoscalerBehavior,
  V2HPAScalingRules,
  V2MetricSpec,
  V2MetricTarget,
} from '../../generated/types.ts';
import { isQuantity, parseQuantity } from '../../quantity.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { NEGATIVE_WORDS } from '../../validation/numbers.ts';
import { checkContainerResourceName } from '../../validation/pod-spec/resource-names.ts';
import { checkText, dnsLabel, pathSegment } from '../../validation/text-formats.ts';

type CheckTarget = (path: string, target: V2CrossVersionObjectReference | undefined) => void;

/** Which part of a metric its type fills, in the order in which the first of several is looked at. */
const SOURCES = { Object: 'object', External: 'external', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource' } as const;
const TYPES = Object.keys(SOURCES).sort();
const WINDOW_MAX_S = 3600;
const PERIOD_MAX_S = 1800;

/** By what an autoscaler reckons. */
export function checkMetrics(
  errors: FieldErrors,
  path: string,
  metrics: readonly V2MetricSpec[] = [],
  minReplicas: number | undefined,
  checkTarget: CheckTarget,
): void {
  for (const [index, metric] of metrics.entries()) checkMetric(errors, `${path}[${index}]`, metric, checkTarget);
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.forbidden(path, 'must specify at least one Object or External metric to support scaling to zero replicas');
}

function checkMetric(errors: FieldErrors, path: string, metric: V2MetricSpec, checkTarget: CheckTarget): void {
  const { type = '' } = metric;
  if (type === '') errors.required(`${path}.type`, 'must specify a metric source type');
  if (!TYPES.includes(type)) errors.notSupported(`${path}.type`, type, TYPES);
  const present = Object.values(SOURCES).filter((source) => metric[source] !== undefined);
  if (present[0] !== undefined) checkSource(errors, `${path}.${present[0]}`, metric, present[0], checkTarget);
  // Undefined for a type that there isn't, which Kubernetes says twice.
  const expected = SOURCES[type as keyof typeof SOURCES] as (typeof SOURCES)[keyof typeof SOURCES] | undefined;
  if (expected === undefined) errors.notSupported(`${path}.type`, type, TYPES);
  else if (metric[expected] === undefined) errors.required(`${path}.${expected}`, 'must populate information for the given metric source');
  if (present.length > 1)
    for (const other of present) if (other !== expected) errors.forbidden(`${path}.${other}`, 'must populate the given metric source only');
}

function checkSource(errors: FieldErrors, path: string, metric: V2MetricSpec, source: (typeof SOURCES)[keyof typeof SOURCES], checkTarget: CheckTarget): void {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object') checkTarget(`${path}.describedObject`, object?.describedObject);
  if (source === 'object' || source === 'external' || source === 'pods') {
    const name = (object ?? external ?? pods)?.metric?.name;
    if (!name) errors.required(`${path}.metric.name`, 'must specify a metric name');
    else checkText(errors, `${path}.metric.name`, name, pathSegment);
  } else {
    const name = (resource ?? containerResource)?.name;
    if (!name) errors.required(`${path}.name`, 'must specify a resource name');
    else if (source === 'containerResource') checkContainerResourceName(errors, `${path}.name`, name);
  }
  if (source === 'containerResource') {
    if (!containerResource?.container) errors.required(`${path}.container`, 'must specify a container');
    else checkText(errors, `${path}.container`, containerResource.container, dnsLabel);
  }
  const target = metric[source]?.target ?? { type: '' };
  checkMetricTarget(errors, `${path}.target`, target);
  checkFigures(errors, `${path}.target`, source, target);
}

function checkMetricTarget(errors: FieldErrors, path: string, { type = '', value, averageValue, averageUtilization }: V2MetricTarget): void {
  if (type === '') errors.required(`${path}.type`, 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) errors.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue');
  for (const [field, amount] of Object.entries({ value, averageValue }))
    if (amount !== undefined && isQuantity(amount) && parseQuantity(amount) <= 0n) errors.invalid(`${path}.${field}`, amount, 'must be positive');
  if (averageUtilization !== undefined && averageUtilization < 1) errors.invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0');
}

/** Which figures go with which kind of metric. */
function checkFigures(errors: FieldErrors, path: string, source: string, { value, averageValue, averageUtilization }: V2MetricTarget): void {
  if (source === 'pods') {
    if (averageValue === undefined) errors.required(`${path}.averageValue`, 'must specify a positive target averageValue');
  } else if (source === 'object' || source === 'external') {
    const words = source === 'object' ? 'must set either a target value or averageValue' : 'must set either a target value for metric or a per-pod target';
    if (value === undefined && averageValue === undefined) errors.required(`${path}.averageValue`, words);
    if (source === 'external' && value !== undefined && averageValue !== undefined)
      errors.forbidden(`${path}.value`, 'may not set both a target value for metric and a per-pod target');
  } else {
    if (averageUtilization === undefined && averageValue === undefined)
      errors.required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization');
    if (averageUtilization !== undefined && averageValue !== undefined)
      errors.forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization');
  }
}

/** How fast an autoscaler goes. */
export function checkBehavior(errors: FieldErrors, path: string, behavior: V2HorizontalPodAutoscalerBehavior | undefined): void {
  for (const way of ['scaleUp', 'scaleDown'] as const) {
    const rules = behavior?.[way];
    if (rules !== undefined) checkScalingRules(errors, `${path}.${way}`, rules);
  }
}

function checkScalingRules(
  errors: FieldErrors,
  path: string,
  { stabilizationWindowSeconds: window_s, selectPolicy, policies = [], tolerance }: V2HPAScalingRules,
): void {
  const field = `${path}.stabilizationWindowSeconds`;
  if (window_s !== undefined && window_s < 0) errors.invalid(field, window_s, 'must be greater than or equal to zero');
  if (window_s !== undefined && window_s > WINDOW_MAX_S) errors.invalid(field, window_s, `must be less than or equal to ${WINDOW_MAX_S}`);
  checkChoice(errors, `${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min'], false);
  if (policies.length === 0) errors.required(`${path}.policies`, 'must specify at least one Policy');
  for (const [index, { type = '', value = 0, periodSeconds = 0 }] of policies.entries()) {
    const here = `${path}.policies[${index}]`;
    if (type !== 'Pods' && type !== 'Percent') errors.notSupported(`${here}.type`, type, ['Percent', 'Pods']);
    if (value <= 0) errors.invalid(`${here}.value`, value, 'must be greater than zero');
    if (periodSeconds <= 0) errors.invalid(`${here}.periodSeconds`, periodSeconds, 'must be greater than zero');
    if (periodSeconds > PERIOD_MAX_S) errors.invalid(`${here}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_MAX_S}`);
  }
  if (tolerance !== undefined && isQuantity(tolerance) && parseQuantity(tolerance) < 0n) errors.invalid(`${path}.tolerance`, tolerance, NEGATIVE_WORDS);
}
