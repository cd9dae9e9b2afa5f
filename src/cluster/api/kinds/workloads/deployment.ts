import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1Deployment, V1DeploymentStatus, V1DeploymentStrategy } from '../../generated/types.ts';
import { ageColumn, column, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { amountOf, checkAtMostAll, checkIntOrPercent, checkNoneNegative } from '../../validation/numbers.ts';
import { checkOwnSelector, checkPodTemplate, checkRunsOn, checkSelects, isEmpty } from '../../validation/pod-template.ts';
import { checkKept, sameContent } from '../../validation/same.ts';
import { strategy } from '../strategy.ts';
import { containerColumns, countColumn } from './columns.ts';
import { checkCollisions, checkNotAbove } from './status-rules.ts';
import { templateWarnings } from './warnings/pod-spec.ts';
import { nameWarnings } from './warnings/workload.ts';

function setDefaults(deployment: V1Deployment): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (deployment.spec ??= {} as NonNullable<V1Deployment['spec']>);
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') spec.strategy.rollingUpdate = { maxSurge: '25%', maxUnavailable: '25%', ...spec.strategy.rollingUpdate };
  defaultPodTemplate(spec);
}

function validate(errors: FieldErrors, { spec }: V1Deployment, old?: V1Deployment): void {
  if (spec === undefined) return errors.required('spec');
  checkNoneNegative(errors, 'spec', spec, ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']);
  checkOwnSelector(errors, spec.selector, 'deployment');
  if (!spec.selector || !isEmpty(spec.selector)) checkSelects(errors, spec.selector, spec.template ?? {});
  checkPodTemplate(errors, 'spec.template', spec.template);
  checkRunsOn(errors, 'spec.template', spec.template ?? {}, 'ReplicaSet');
  checkStrategy(errors, 'spec.strategy', spec.strategy ?? {});
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    errors.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
  if (old?.spec) checkKept(errors, 'spec.selector', spec.selector, old.spec.selector);
}

function checkStrategy(errors: FieldErrors, path: string, { type = 'RollingUpdate', rollingUpdate }: V1DeploymentStrategy): void {
  if (type === 'Recreate') {
    if (rollingUpdate) errors.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type !== 'RollingUpdate') {
    errors.notSupported(
      path,
      { Type: type, RollingUpdate: rollingUpdate ? { MaxUnavailable: rollingUpdate.maxUnavailable, MaxSurge: rollingUpdate.maxSurge } : null },
      ['Recreate', 'RollingUpdate'],
    );
  } else if (rollingUpdate) {
    const { maxSurge, maxUnavailable } = rollingUpdate;
    checkIntOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    checkIntOrPercent(errors, `${path}.rollingUpdate.maxSurge`, maxSurge);
    if (amountOf(maxUnavailable ?? '25%') === 0 && amountOf(maxSurge ?? '25%') === 0)
      errors.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
    checkAtMostAll(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  }
}

const COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const satisfies readonly (keyof V1DeploymentStatus)[];

function validateStatus(errors: FieldErrors, { status = {} }: V1Deployment, old: V1Deployment): void {
  checkNoneNegative(errors, 'status', status, COUNTS);
  checkNotAbove(errors, status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', 'cannot be greater than status.replicas');
  checkNotAbove(errors, status, ['availableReplicas'], 'readyReplicas', 'cannot be greater than readyReplicas');
  checkCollisions(errors, status.collisionCount, old.status?.collisionCount);
}

export const DEPLOYMENT = strategy<V1Deployment>({
  // Its annotations are looked at as its spec is: its ReplicaSets carry them.
  counted: (now, old) => !sameContent(now.spec, old.spec) || !sameContent(now.metadata.annotations, old.metadata.annotations, 'annotations'),
  setDefaults,
  prepareCreate: (deployment) => {
    deployment.status = {};
  },
  validate,
  validateStatus,
  warnings: (deployment, old) => [
    ...(old === undefined ? nameWarnings(deployment) : []),
    ...(sameContent(deployment.spec, old?.spec) ? [] : templateWarnings('spec.template', deployment.spec?.template)),
  ],
  columns: [
    nameColumn,
    column<V1Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    countColumn<V1Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas, 'string'),
    countColumn<V1Deployment>('Available', ({ status }) => status?.availableReplicas, 'string'),
    ageColumn,
    ...containerColumns<V1Deployment>(({ spec }) => spec?.template.spec),
    column<V1Deployment>('Selector', ({ spec }) => selectorText(spec?.selector), 1),
  ],
});
