import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1ReplicaSet } from '../../generated/types.ts';
import { ageColumn, column, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkNoneNegative } from '../../validation/numbers.ts';
import { checkOwnSelector, checkPodTemplate, checkRunsOn, checkSelects, isEmpty } from '../../validation/pod-template.ts';
import { checkKept } from '../../validation/same.ts';
import { strategy } from '../strategy.ts';
import { containerColumns, countColumn } from './columns.ts';
import { checkNotAbove } from './status-rules.ts';
import { sameContent } from '../../validation/same.ts';
import { templateWarnings } from './warnings/pod-spec.ts';
import { nameWarnings } from './warnings/workload.ts';

function setDefaults(set: V1ReplicaSet): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (set.spec ??= {} as NonNullable<V1ReplicaSet['spec']>);
  spec.replicas ??= 1;
  defaultPodTemplate(spec);
}

function validate(errors: FieldErrors, { spec }: V1ReplicaSet, old?: V1ReplicaSet): void {
  if (spec === undefined) return errors.required('spec');
  checkNoneNegative(errors, 'spec', spec, ['replicas', 'minReadySeconds']);
  // The words for both kinds are these.
  checkOwnSelector(errors, spec.selector, 'deployment');
  if (!spec.selector || !isEmpty(spec.selector)) checkSelects(errors, spec.selector, spec.template ?? {});
  checkPodTemplate(errors, 'spec.template', spec.template);
  checkRunsOn(errors, 'spec.template', spec.template ?? {}, 'ReplicaSet');
  if (old?.spec) checkKept(errors, 'spec.selector', spec.selector, old.spec.selector);
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration', 'terminatingReplicas'] as const;

/** What the statuses of ReplicaSets and ReplicationControllers have in common. */
export function checkReplicaStatus(errors: FieldErrors, status: Readonly<Partial<Record<(typeof COUNTS)[number], number>>>): void {
  checkNoneNegative(errors, 'status', status, COUNTS);
  checkNotAbove(errors, status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', 'cannot be greater than status.replicas');
  checkNotAbove(errors, status, ['availableReplicas'], 'readyReplicas', 'cannot be greater than readyReplicas');
}

export const REPLICA_SET = strategy<V1ReplicaSet>({
  counted: true,
  setDefaults,
  prepareCreate: (set) => {
    set.status = { replicas: 0 };
  },
  validate,
  validateStatus: (errors, { status }) => checkReplicaStatus(errors, status ?? {}),
  warnings: (set, old) => [
    ...(old === undefined ? nameWarnings(set) : []),
    ...(sameContent(set.spec, old?.spec) ? [] : templateWarnings('spec.template', set.spec?.template)),
  ],
  columns: [
    nameColumn,
    countColumn<V1ReplicaSet>('Desired', ({ spec }) => spec?.replicas),
    countColumn<V1ReplicaSet>('Current', ({ status }) => status?.replicas),
    countColumn<V1ReplicaSet>('Ready', ({ status }) => status?.readyReplicas),
    ageColumn,
    ...containerColumns<V1ReplicaSet>(({ spec }) => spec?.template?.spec),
    column<V1ReplicaSet>('Selector', ({ spec }) => selectorText(spec?.selector), 1),
  ],
});
