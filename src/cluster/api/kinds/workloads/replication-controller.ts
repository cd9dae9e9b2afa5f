import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1ReplicationController } from '../../generated/types.ts';
import { ageColumn, column, labelsText, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkNoneNegative } from '../../validation/numbers.ts';
import { checkPodTemplate, checkRunsOn, checkSelects } from '../../validation/pod-template.ts';
import { strategy } from '../strategy.ts';
import { containerColumns, countColumn } from './columns.ts';
import { checkReplicaStatus } from './replica-set.ts';
import { sameContent } from '../../validation/same.ts';
import { templateWarnings } from './warnings/pod-spec.ts';
import { nameWarnings } from './warnings/workload.ts';

function setDefaults(controller: V1ReplicationController): void {
  const spec = (controller.spec ??= {});
  spec.replicas ??= 1;
  if (spec.template) defaultPodTemplate(spec);
  const labels = spec.template?.metadata?.labels;
  if (labels === undefined) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels };
}

function validate(errors: FieldErrors, { spec = {} }: V1ReplicationController): void {
  const { selector = {}, template } = spec;
  checkNoneNegative(errors, 'spec', spec, ['minReadySeconds', 'replicas']);
  const isEmpty = Object.keys(selector).length === 0;
  if (isEmpty) errors.required('spec.selector');
  if (template === undefined) return errors.required('spec.template');
  if (!isEmpty) checkSelects(errors, { matchLabels: selector }, template);
  checkPodTemplate(errors, 'spec.template', template);
  checkRunsOn(errors, 'spec.template', template, 'ReplicationController');
}

export const REPLICATION_CONTROLLER = strategy<V1ReplicationController>({
  counted: true,
  setDefaults,
  prepareCreate: (controller) => {
    controller.status = { replicas: 0 };
  },
  validate,
  validateStatus: (errors, { status }) => checkReplicaStatus(errors, status ?? {}),
  warnings: (controller, old) => [
    ...(old === undefined ? nameWarnings(controller) : []),
    ...(sameContent(controller.spec, old?.spec) ? [] : templateWarnings('spec.template', controller.spec?.template)),
  ],
  columns: [
    nameColumn,
    countColumn<V1ReplicationController>('Desired', ({ spec }) => spec?.replicas),
    countColumn<V1ReplicationController>('Current', ({ status }) => status?.replicas),
    countColumn<V1ReplicationController>('Ready', ({ status }) => status?.readyReplicas),
    ageColumn,
    ...containerColumns<V1ReplicationController>(({ spec }) => spec?.template?.spec),
    column<V1ReplicationController>('Selector', ({ spec }) => labelsText(spec?.selector), 1),
  ],
});
