import type { V1Job } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { selects } from '../../../validation/pod-template.ts';

const UID = 'batch.kubernetes.io/controller-uid';
const NAME = 'batch.kubernetes.io/job-name';
/** As they were called before they had a prefix. */
const OLD_UID = 'controller-uid';
const OLD_NAME = 'job-name';

/** The Pods of a Job are those that carry its UID, unless its maker selects them himself. Changes the Job; its spec must be its own. */
export function selectOwnPods({ metadata, spec }: V1Job): void {
  if (spec === undefined || spec.manualSelector) return;
  const { name = '', uid = '' } = metadata;
  const template = spec.template.metadata ?? {};
  spec.template.metadata = { ...template, labels: { [OLD_NAME]: name, [NAME]: name, [OLD_UID]: uid, [UID]: uid, ...template.labels } };
  spec.selector = { ...spec.selector, matchLabels: { [UID]: uid, ...spec.selector?.matchLabels } };
}

/** Nobody said other things in their place. Jobs from before the prefix may go on without those labels. */
export function checkOwnSelector(errors: FieldErrors, { metadata, spec }: V1Job, old: V1Job | undefined): void {
  if (spec?.selector === undefined || spec.manualSelector) return;
  const { name = '', uid = '' } = metadata;
  if (uid === '') errors.required('metadata.uid');
  const before = old?.spec?.template.metadata?.labels;
  const isPrefixed = old === undefined || (before?.[NAME] !== undefined && before[UID] !== undefined);
  const wanted: Record<string, string> = { [OLD_UID]: uid, [OLD_NAME]: name, ...(isPrefixed ? { [UID]: uid, [NAME]: name } : {}) };
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(wanted)) {
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) errors.required(field, `must be '${value}'`);
    else if (labels[key] !== value) errors.invalid(field, labels, `must be '${value}'`);
  }
  if (selects(spec.selector, wanted) === false) errors.invalid('spec.selector', spec.selector, '`selector` not auto-generated');
}
