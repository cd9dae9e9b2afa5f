import type {
  V1CrossVersionObjectReference,
  V1HorizontalPodAutoscaler,
  V2CrossVersionObjectReference,
  V2HorizontalPodAutoscaler,
  V2HPAScalingRules,
} from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { autoscalerTargets } from '../../table/hpa-targets.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkNoneNegative } from '../../validation/numbers.ts';
import { checkText, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkBehavior, checkMetrics } from './autoscaler-metrics.ts';

type Autoscaler = V1HorizontalPodAutoscaler | V2HorizontalPodAutoscaler;
type Target = V1CrossVersionObjectReference | V2CrossVersionObjectReference;

const CPU_PERCENT = 80;
const PERIOD_S = 15;
const SCALE_UP: V2HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD_S },
    { type: 'Percent', value: 100, periodSeconds: PERIOD_S },
  ],
};
const SCALE_DOWN: V2HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_S }] };

function setDefaultsV1(one: V1HorizontalPodAutoscaler): void {
  if (one.spec === undefined) return;
  one.spec.minReplicas ??= 1;
  one.spec.targetCPUUtilizationPercentage ??= CPU_PERCENT;
}

function setDefaultsV2({ spec }: V2HorizontalPodAutoscaler): void {
  if (spec === undefined) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } } }];
  if (spec.behavior === undefined) return;
  spec.behavior.scaleUp = { ...structuredClone(SCALE_UP), ...spec.behavior.scaleUp };
  spec.behavior.scaleDown = { ...structuredClone(SCALE_DOWN), ...spec.behavior.scaleDown };
}

/** What is to be scaled. `keep` says that its version was taken before. */
function checkTarget(errors: FieldErrors, path: string, target: Target | undefined, isGroupNeeded: boolean, keep: boolean): void {
  const { kind = '', name = '', apiVersion = '' } = target ?? {};
  for (const [field, text] of Object.entries({ kind, name })) {
    if (text === '') errors.required(`${path}.${field}`);
    else checkText(errors, `${path}.${field}`, text, pathSegment);
  }
  if (keep) return;
  const parts = apiVersion.split('/');
  if (parts.length > 2) errors.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else if (isGroupNeeded && (parts.length === 1 || parts[0] === '')) errors.invalid(`${path}.apiVersion`, apiVersion, 'apiVersion must specify API group');
}

function validate(errors: FieldErrors, { spec }: Autoscaler, old?: Autoscaler): void {
  const { minReplicas, maxReplicas = 0, scaleTargetRef } = spec ?? { maxReplicas: 0 };
  if (minReplicas !== undefined && minReplicas < (old?.spec?.minReplicas === 0 ? 0 : 1))
    errors.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  if (maxReplicas === 0) errors.required('spec.maxReplicas', 'must be set and greater than 0');
  else if (maxReplicas < 0) errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1');
  if (minReplicas !== undefined && maxReplicas < minReplicas) errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  const before = old?.spec?.scaleTargetRef;
  const isKept = before !== undefined && before.apiVersion === scaleTargetRef?.apiVersion && before.kind === scaleTargetRef?.kind;
  checkTarget(errors, 'spec.scaleTargetRef', scaleTargetRef, scaleTargetRef?.kind !== 'ReplicationController', isKept);
  if (spec === undefined || !('metrics' in spec || 'behavior' in spec)) return;
  checkMetrics(errors, 'spec.metrics', spec.metrics, minReplicas, (path, target) => checkTarget(errors, path, target, false, false));
  checkBehavior(errors, 'spec.behavior', spec.behavior);
}

function validateStatus(errors: FieldErrors, { status }: Autoscaler): void {
  checkNoneNegative(errors, 'status', status ?? {}, ['currentReplicas', 'desiredReplicas']);
}

const columns = (targets: (object: KubeObject) => string): readonly Column[] => [
  nameColumn,
  column<V2HorizontalPodAutoscaler>('Reference', ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`),
  column('Targets', targets),
  column<V2HorizontalPodAutoscaler>('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>')),
  column<V2HorizontalPodAutoscaler>('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  column<V2HorizontalPodAutoscaler>('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];

function targetsV1({ spec, status }: V1HorizontalPodAutoscaler): string {
  const seen = status?.currentCPUUtilizationPercentage;
  return `cpu: ${seen === undefined ? '<unknown>' : `${seen}%`}/${spec?.targetCPUUtilizationPercentage}%`;
}

export const AUTOSCALER_V1 = strategy<V1HorizontalPodAutoscaler>({
  setDefaults: setDefaultsV1,
  prepareCreate: (one) => {
    one.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  validate,
  validateStatus,
  // Decoded by this model, both.
  columns: columns((object) => targetsV1(object as V1HorizontalPodAutoscaler)),
});

export const AUTOSCALER_V2 = strategy<V2HorizontalPodAutoscaler>({
  setDefaults: setDefaultsV2,
  prepareCreate: (one) => {
    one.status = { desiredReplicas: 0 };
  },
  validate,
  validateStatus,
  columns: columns((object) => autoscalerTargets(object as V2HorizontalPodAutoscaler)),
});
