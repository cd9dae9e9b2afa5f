import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1DaemonSet, V1DaemonSetUpdateStrategy } from '../../generated/types.ts';
import { ageColumn, column, labelsText, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { amountOf, checkAtMostAll, checkIntOrPercent, checkNoneNegative } from '../../validation/numbers.ts';
import { checkPodTemplate, checkRunsOn, isEmpty, selects } from '../../validation/pod-template.ts';
import { checkKept, sameContent } from '../../validation/same.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { strategy } from '../strategy.ts';
import { containerColumns, countColumn } from './columns.ts';
import { checkCollisions } from './status-rules.ts';
import { templateWarnings } from './warnings/pod-spec.ts';

function setDefaults(set: V1DaemonSet): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (set.spec ??= {} as NonNullable<V1DaemonSet['spec']>);
  spec.revisionHistoryLimit ??= 10;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate')
    spec.updateStrategy.rollingUpdate = { maxSurge: 0, maxUnavailable: 1, ...spec.updateStrategy.rollingUpdate };
  defaultPodTemplate(spec);
}

function validate(errors: FieldErrors, { spec }: V1DaemonSet, old?: V1DaemonSet): void {
  if (spec === undefined) return errors.required('spec');
  const { selector, template = {} } = spec;
  if (old?.spec) checkKept(errors, 'spec.selector', selector, old.spec.selector);
  checkLabelSelector(errors, 'spec.selector', selector);
  const labels = template.metadata?.labels;
  if (selector === undefined || selects(selector, labels) === false)
    errors.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  if (selector !== undefined && isEmpty(selector)) errors.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
  checkPodTemplate(errors, 'spec.template', template);
  checkRunsOn(errors, 'spec.template', template, 'DaemonSet');
  checkNoneNegative(errors, 'spec', spec, ['minReadySeconds', 'revisionHistoryLimit']);
  checkUpdateStrategy(errors, 'spec.updateStrategy', spec.updateStrategy ?? {});
}

function checkUpdateStrategy(errors: FieldErrors, path: string, { type = 'RollingUpdate', rollingUpdate }: V1DaemonSetUpdateStrategy): void {
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    errors.notSupported(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, ['RollingUpdate', 'OnDelete']);
    return;
  }
  const { maxUnavailable = 1, maxSurge = 0 } = rollingUpdate ?? {};
  const limits = { maxUnavailable, maxSurge };
  for (const field of ['maxUnavailable', 'maxSurge'] as const) checkIntOrPercent(errors, `${path}.rollingUpdate.${field}`, limits[field]);
  for (const field of ['maxUnavailable', 'maxSurge'] as const) checkAtMostAll(errors, `${path}.rollingUpdate.${field}`, limits[field]);
  const [unavailable, surge] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  if (unavailable && surge) errors.invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) errors.required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}

function validateStatus(errors: FieldErrors, { status }: V1DaemonSet, old: V1DaemonSet): void {
  checkNoneNegative(errors, 'status', status ?? {}, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ]);
  checkCollisions(errors, status?.collisionCount, old.status?.collisionCount);
}

/** Where the number of the template stands, which counts its changes. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function countTemplates(set: V1DaemonSet, count: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(count) };
}
const templatesOf = ({ metadata }: V1DaemonSet) => Math.max(1, Math.trunc(Number(metadata.annotations?.[TEMPLATE_GENERATION] ?? 1)) || 1);

export const DAEMON_SET = strategy<V1DaemonSet>({
  counted: true,
  setDefaults: (set) => {
    setDefaults(set);
    // Before its fields get their managers: it is its maker's, as in Kubernetes.
    countTemplates(set, templatesOf(set));
  },
  prepareCreate: (set) => {
    set.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  },
  prepareUpdate: (set, old) => countTemplates(set, templatesOf(old) + (sameContent(set.spec?.template, old.spec?.template) ? 0 : 1)),
  validate,
  validateStatus,
  warnings: ({ spec }, old) => (sameContent(spec?.template, old?.spec?.template) ? [] : templateWarnings('spec.template', spec?.template)),
  columns: [
    nameColumn,
    countColumn<V1DaemonSet>('Desired', ({ status }) => status?.desiredNumberScheduled),
    countColumn<V1DaemonSet>('Current', ({ status }) => status?.currentNumberScheduled),
    countColumn<V1DaemonSet>('Ready', ({ status }) => status?.numberReady),
    countColumn<V1DaemonSet>('Up-to-date', ({ status }) => status?.updatedNumberScheduled),
    countColumn<V1DaemonSet>('Available', ({ status }) => status?.numberAvailable),
    column<V1DaemonSet>('Node Selector', ({ spec }) => labelsText(spec?.template.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<V1DaemonSet>(({ spec }) => spec?.template.spec),
    column<V1DaemonSet>('Selector', ({ spec }) => selectorText(spec?.selector), 1),
  ],
});
