import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1PodTemplateSpec, V1StatefulSet, V1StatefulSetSpec, V1StatefulSetUpdateStrategy } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { amountOf, checkAtMostAll, checkIntOrPercent, checkNoneNegative, checkNotNegative } from '../../validation/numbers.ts';
import { checkClaimSpec } from '../../validation/claim-spec.ts';
import { checkOwnSelector, checkPodTemplate, checkRunsOn, checkSelects, isEmpty } from '../../validation/pod-template.ts';
import { sameContent } from '../../validation/same.ts';
import { checkText, dnsLabel } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { containerColumns } from './columns.ts';
import { checkCollisions, checkNotAbove } from './status-rules.ts';
import { templateWarnings } from './warnings/pod-spec.ts';
import { fractionWarnings } from './warnings/amounts.ts';

const RETENTION = ['Retain', 'Delete'];

function setDefaults(set: V1StatefulSet): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (set.spec ??= {} as V1StatefulSetSpec);
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate) spec.updateStrategy.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain', ...spec.persistentVolumeClaimRetentionPolicy };
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ??= 'v1';
    claim.kind ??= 'PersistentVolumeClaim';
    if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
    claim.status = { phase: 'Pending', ...claim.status };
  }
}

function validate(errors: FieldErrors, { spec }: V1StatefulSet, old?: V1StatefulSet): void {
  if (spec === undefined) return errors.required('spec');
  const policy = spec.podManagementPolicy ?? 'OrderedReady';
  if (policy !== 'OrderedReady' && policy !== 'Parallel') errors.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'");
  checkUpdateStrategy(errors, 'spec.updateStrategy', spec.updateStrategy ?? {});
  for (const when of ['whenDeleted', 'whenScaled'] as const)
    checkChoice(errors, `spec.persistentVolumeClaimRetentionPolicy.${when}`, spec.persistentVolumeClaimRetentionPolicy?.[when], RETENTION, false);
  if (old === undefined)
    for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
      checkClaimSpec(errors, `spec.volumeClaimTemplates[${index}].spec`, claim.spec ?? {});
  checkNoneNegative(errors, 'spec', spec, ['replicas', 'minReadySeconds']);
  checkNotNegative(errors, 'spec.ordinals.start', spec.ordinals?.start);
  if (old === undefined && spec.serviceName) checkText(errors, 'spec.serviceName', spec.serviceName, dnsLabel);
  checkOwnSelector(errors, spec.selector, 'statefulset');
  const template = templateToCheck(spec);
  if (!spec.selector || !isEmpty(spec.selector)) checkSelects(errors, spec.selector, template, '');
  checkPodTemplate(errors, 'spec.template', template);
  checkRunsOn(errors, 'spec.template', template, 'StatefulSet');
  if (old?.spec && !sameContent(kept(spec), kept(old.spec)))
    errors.forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
}

/** The template with the volumes that its claims give each Pod; host names are the controller's. */
function templateToCheck({ template = {}, volumeClaimTemplates = [] }: V1StatefulSetSpec): V1PodTemplateSpec {
  if (template.spec === undefined) return template;
  const { subdomain: _s, hostname: _h, volumes = [], ...rest } = template.spec;
  const claimed = new Map(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? '').map((name) => [name, { claimName: name }]));
  const own = volumes.filter(({ name }) => !claimed.has(name));
  return { ...template, spec: { ...rest, volumes: [...Array.from(claimed, ([name, persistentVolumeClaim]) => ({ name, persistentVolumeClaim })), ...own] } };
}

/** What of a spec no update changes. */
function kept(spec: V1StatefulSetSpec): unknown {
  const {
    replicas: _r,
    template: _t,
    updateStrategy: _u,
    minReadySeconds: _m,
    ordinals: _o,
    revisionHistoryLimit: _h,
    persistentVolumeClaimRetentionPolicy: _p,
    ...rest
  } = spec;
  return rest;
}

function checkUpdateStrategy(errors: FieldErrors, path: string, { type = 'RollingUpdate', rollingUpdate }: V1StatefulSetUpdateStrategy): void {
  if (type === 'OnDelete') {
    if (rollingUpdate) errors.invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type !== 'RollingUpdate') {
    errors.invalid(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, "must be 'RollingUpdate' or 'OnDelete'");
  } else if (rollingUpdate) {
    const { partition, maxUnavailable } = rollingUpdate;
    checkNotNegative(errors, `${path}.rollingUpdate.partition`, partition);
    if (maxUnavailable === undefined) return;
    checkIntOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    if (amountOf(maxUnavailable) === 0) errors.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'cannot be 0');
    checkAtMostAll(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  }
}

const REPLICAS = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;

function validateStatus(errors: FieldErrors, { status }: V1StatefulSet, old: V1StatefulSet): void {
  if (status === undefined) return;
  checkNoneNegative(errors, 'status', status, ['replicas', ...REPLICAS, 'observedGeneration', 'collisionCount']);
  checkNotAbove(errors, status, REPLICAS, 'replicas', 'cannot be greater than status.replicas');
  checkNotAbove(errors, status, ['availableReplicas'], 'readyReplicas', 'cannot be greater than status.readyReplicas');
  checkCollisions(errors, status.collisionCount, old.status?.collisionCount);
}

export const STATEFUL_SET = strategy<V1StatefulSet>({
  counted: true,
  setDefaults,
  prepareCreate: (set) => {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  validateName: (errors, field, name) => checkText(errors, field, name, dnsLabel),
  validate,
  validateStatus,
  warnings: ({ spec }, old) => [
    ...(sameContent(spec, old?.spec) ? [] : templateWarnings('spec.template', spec?.template)),
    ...(spec?.volumeClaimTemplates ?? []).flatMap((claim, index) =>
      fractionWarnings(`spec.volumeClaimTemplates[${index}].resources`, claim.spec?.resources, ['storage']),
    ),
    ...((spec?.revisionHistoryLimit ?? 0) < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ],
  columns: [
    nameColumn,
    column<V1StatefulSet>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    ageColumn,
    ...containerColumns<V1StatefulSet>(({ spec }) => spec?.template.spec),
  ],
});
