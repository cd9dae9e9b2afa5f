import { isDeepStrictEqual } from 'node:util';
import type {
  V1Deployment,
  V1HorizontalPodAutoscaler,
  V1Pod,
  V1PodTemplateSpec,
  V1ReplicaSet,
  V1Service,
  V1Toleration,
  V2HorizontalPodAutoscaler,
  V2MetricSpec,
} from '../generated/types.ts';
import { matchesLabels, type ObjectSelector, requirementsOf } from '../selectors.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkHostLabel } from './names.ts';
import { checkIntOrPercent, checkNotNegative, checkPort } from './numbers.ts';
import { checkPortOrName } from './ports.ts';
import { checkPodSpec } from './pod-spec.ts';

export function checkPod(errors: FieldErrors, pod: V1Pod, old?: V1Pod): void {
  if (pod.spec === undefined) return errors.required('spec');
  checkPodSpec(errors, 'spec', pod.spec);
  if (old?.spec === undefined) return;
  const untimed = ({ tolerationSeconds: _, ...rest }: V1Toleration) => rest;
  const tolerations = (pod.spec.tolerations ?? []).map(untimed);
  if (!(old.spec.tolerations ?? []).map(untimed).every((kept) => tolerations.some((toleration) => isDeepStrictEqual(toleration, kept)))) {
    errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  }
  if (!isDeepStrictEqual(frozenPart(pod), frozenPart(old))) {
    errors.forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
  }
}

/** The spec without what an update may change. */
function frozenPart({ spec }: V1Pod): unknown {
  const without = (list: readonly { image?: string }[] | undefined) => list?.map(({ image: _, ...rest }) => rest);
  const { activeDeadlineSeconds: _a, tolerations: _t, containers, initContainers, ...rest } = spec ?? { containers: [] };
  return { ...rest, containers: without(containers), initContainers: without(initContainers) };
}

function checkTemplate(errors: FieldErrors, selector: ObjectSelector | undefined, template: V1PodTemplateSpec | undefined): void {
  if (selector === undefined) errors.required('spec.selector');
  else if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0)
    errors.invalid('spec.selector', selector, 'empty selector is invalid for deployment');
  if (template === undefined) return errors.required('spec.template');
  if (selector !== undefined && !matchesLabels(requirementsOf(selector), template.metadata?.labels)) {
    errors.invalid('spec.template.metadata.labels', template.metadata?.labels ?? {}, '`selector` does not match template `labels`');
  }
  if (template.spec === undefined) errors.required('spec.template.spec');
  else checkPodSpec(errors, 'spec.template.spec', template.spec, ['Always']);
}

function checkSelectorKept(errors: FieldErrors, selector: unknown, before: unknown): void {
  if (before !== undefined && !isDeepStrictEqual(selector, before)) errors.invalid('spec.selector', selector, 'field is immutable');
}

export function checkDeployment(errors: FieldErrors, { spec }: V1Deployment, old?: V1Deployment): void {
  if (spec === undefined) return errors.required('spec');
  checkNotNegative(errors, 'spec.replicas', spec.replicas);
  checkNotNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  checkNotNegative(errors, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  checkTemplate(errors, spec.selector, spec.template);
  checkSelectorKept(errors, spec.selector, old?.spec?.selector);
  const { type, rollingUpdate } = spec.strategy ?? {};
  if (!['RollingUpdate', 'Recreate'].includes(type ?? 'RollingUpdate')) errors.notSupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate']);
  if (type === 'Recreate' && rollingUpdate) errors.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
  checkIntOrPercent(errors, 'spec.strategy.rollingUpdate.maxSurge', rollingUpdate?.maxSurge);
  checkIntOrPercent(errors, 'spec.strategy.rollingUpdate.maxUnavailable', rollingUpdate?.maxUnavailable);
  const isZero = (value: number | string | undefined) => value === 0 || value === '0%';
  if (isZero(rollingUpdate?.maxSurge) && isZero(rollingUpdate?.maxUnavailable))
    errors.invalid('spec.strategy.rollingUpdate.maxUnavailable', rollingUpdate?.maxUnavailable, 'may not be 0 when `maxSurge` is 0');
}

export function checkReplicaSet(errors: FieldErrors, { spec }: V1ReplicaSet, old?: V1ReplicaSet): void {
  if (spec === undefined) return errors.required('spec');
  checkNotNegative(errors, 'spec.replicas', spec.replicas);
  checkTemplate(errors, spec.selector, spec.template);
  checkSelectorKept(errors, spec.selector, old?.spec?.selector);
}

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function checkService(errors: FieldErrors, { metadata, spec }: V1Service, old?: V1Service): void {
  if (metadata.name) checkHostLabel(errors, 'metadata.name', metadata.name);
  if (spec === undefined) return errors.required('spec');
  if (!SERVICE_TYPES.includes(spec.type ?? 'ClusterIP')) errors.notSupported('spec.type', spec.type, SERVICE_TYPES);
  const headless = spec.clusterIP === 'None';
  if (spec.type === 'ExternalName') {
    if (!spec.externalName) errors.required('spec.externalName');
  } else if (!headless && !spec.ports?.length) errors.required('spec.ports');
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const path = `spec.ports[${index}]`;
    checkPort(errors, `${path}.port`, port.port);
    if ((spec.ports?.length ?? 0) > 1 && !port.name) errors.required(`${path}.name`);
    if (port.name && names.has(port.name)) errors.duplicate(`${path}.name`, port.name);
    names.add(port.name ?? '');
    const number = `${port.port}/${port.protocol ?? 'TCP'}`;
    if (numbers.has(number)) errors.duplicate(path, port);
    numbers.add(number);
    if (!['TCP', 'UDP', 'SCTP'].includes(port.protocol ?? 'TCP')) errors.notSupported(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
    if (port.targetPort !== undefined) checkPortOrName(errors, `${path}.targetPort`, port.targetPort);
    if (port.nodePort) checkPort(errors, `${path}.nodePort`, port.nodePort);
  }
  const before = old?.spec?.clusterIP;
  if (before && old?.spec?.type !== 'ExternalName' && spec.type !== 'ExternalName' && spec.clusterIP !== before)
    errors.invalid('spec.clusterIPs[0]', [spec.clusterIP ?? ''], 'may not change once set');
}

export function checkAutoscaler(errors: FieldErrors, { spec }: V1HorizontalPodAutoscaler | V2HorizontalPodAutoscaler): void {
  if (spec === undefined) return errors.required('spec');
  if (!spec.scaleTargetRef?.kind) errors.required('spec.scaleTargetRef.kind');
  if (!spec.scaleTargetRef?.name) errors.required('spec.scaleTargetRef.name');
  if (spec.minReplicas !== undefined && spec.minReplicas < 1) errors.invalid('spec.minReplicas', spec.minReplicas, 'must be greater than or equal to 1');
  if (spec.maxReplicas === undefined || spec.maxReplicas < 1) errors.invalid('spec.maxReplicas', spec.maxReplicas ?? 0, 'must be greater than 0');
  else if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas)
    errors.invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`');
  if ('metrics' in spec) for (const [index, metric] of (spec.metrics ?? []).entries()) checkMetric(errors, `spec.metrics[${index}]`, metric);
}

/** Which part of a metric its type fills. */
const METRIC_SOURCES = { ContainerResource: 'containerResource', External: 'external', Object: 'object', Pods: 'pods', Resource: 'resource' } as const;

function checkMetric(errors: FieldErrors, path: string, metric: V2MetricSpec): void {
  const types = Object.keys(METRIC_SOURCES);
  if (!types.includes(metric.type)) return errors.notSupported(`${path}.type`, metric.type, types);
  const source = METRIC_SOURCES[metric.type as keyof typeof METRIC_SOURCES]; // the line before saw it among the keys
  if (metric[source] === undefined) return errors.required(`${path}.${source}`, 'must populate information for the given metric source');
  const { target } = metric[source];
  if (target?.averageUtilization === undefined && target?.averageValue === undefined && target?.value === undefined) {
    errors.required(`${path}.${source}.target`, 'must set either a target raw value, a target average value or a target utilization');
  }
  if (target?.averageUtilization !== undefined && target.averageUtilization < 1)
    errors.invalid(`${path}.${source}.target.averageUtilization`, target.averageUtilization, 'must be greater than 0');
}
