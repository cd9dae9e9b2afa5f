import type { V1Job, V1JobSpec } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkNoneNegative } from '../../../validation/numbers.ts';
import { checkPodTemplate, selects } from '../../../validation/pod-template.ts';
import { checkLabelSelector } from '../../../validation/selector-rules.ts';
import { checkDomainPath, dnsLabel } from '../../../validation/text-formats.ts';
import { checkFailurePolicy, checkSuccessPolicy } from './policies.ts';
import { checkOwnSelector } from './selector.ts';
import { checkJobUpdate } from './update-rules.ts';

const INDEXED_MAX = 100_000;
/** Above so many completions, less may go on and fail at once. */
const MANY = 100_000;
const OF_MANY_MAX = 10_000;
const MANAGER_BYTES_MAX = 63;

export function validateJob(errors: FieldErrors, job: V1Job, old?: V1Job): void {
  const { metadata, spec } = job;
  if (spec === undefined) return errors.required('spec');
  checkOwnSelector(errors, job, old);
  checkJobSpec(errors, 'spec', spec);
  if (spec.selector === undefined) errors.required('spec.selector');
  else checkLabelSelector(errors, 'spec.selector', spec.selector);
  const labels = spec.template?.metadata?.labels;
  if (spec.selector === undefined || selects(spec.selector, labels) === false)
    errors.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  if (old?.spec) checkJobUpdate(errors, job, old);
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return;
  const last = `${metadata.name ?? ''}-${spec.completions - 1}`;
  if (dnsLabel(last).length > 0) errors.invalid('metadata.name', metadata.name ?? '', `will not able to create pod with invalid DNS label: ${last}`);
}

/** The rules of the spec of a Job, or of what Jobs are made from. */
export function checkJobSpec(errors: FieldErrors, path: string, spec: V1JobSpec): void {
  checkNoneNegative(errors, path, spec, [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  if (spec.managedBy !== undefined) {
    checkDomainPath(errors, `${path}.managedBy`, spec.managedBy);
    if (Buffer.byteLength(spec.managedBy) > MANAGER_BYTES_MAX) errors.tooLong(`${path}.managedBy`, MANAGER_BYTES_MAX);
  }
  checkMode(errors, path, spec);
  if (spec.podFailurePolicy) checkFailurePolicy(errors, `${path}.podFailurePolicy`, spec);
  if (spec.successPolicy) checkSuccessPolicy(errors, `${path}.successPolicy`, spec);
  const replacement = spec.podReplacementPolicy;
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (replacement !== undefined && !replacements.includes(replacement)) errors.notSupported(`${path}.podReplacementPolicy`, replacement, replacements);
  checkPodTemplate(errors, `${path}.template`, spec.template);
  checkRestart(errors, `${path}.template.spec.restartPolicy`, spec);
}

function checkMode(errors: FieldErrors, path: string, spec: V1JobSpec): void {
  const { completionMode: mode = 'NonIndexed' } = spec;
  if (mode === 'Indexed') return checkIndexed(errors, path, spec);
  if (mode !== 'NonIndexed') return errors.notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    if (spec[field] !== undefined) errors.invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode');
}

function checkIndexed(errors: FieldErrors, path: string, { completions, parallelism = 0, maxFailedIndexes: failed, backoffLimitPerIndex }: V1JobSpec): void {
  if (completions === undefined) errors.required(`${path}.completions`, 'when completion mode is Indexed');
  if (parallelism > INDEXED_MAX)
    errors.invalid(`${path}.parallelism`, parallelism, `must be less than or equal to ${INDEXED_MAX} when completion mode is Indexed`);
  const field = `${path}.maxFailedIndexes`;
  if (completions !== undefined && failed !== undefined && failed > completions) errors.invalid(field, failed, 'must be less than or equal to completions');
  if (failed !== undefined && failed > INDEXED_MAX) errors.invalid(field, failed, `must be less than or equal to ${INDEXED_MAX}`);
  if (completions === undefined || completions <= MANY || backoffLimitPerIndex === undefined) return;
  const words = `must be less than or equal to ${OF_MANY_MAX} when completions are above ${MANY} and used with backoff limit per index`;
  if (failed === undefined) errors.required(field, `must be specified when completions is above ${MANY}`);
  if (parallelism > OF_MANY_MAX) errors.invalid(`${path}.parallelism`, parallelism, words);
  if (failed !== undefined && failed > OF_MANY_MAX) errors.invalid(field, failed, words);
}

/** A Job ends, so its Pods are not started again for ever. */
function checkRestart(errors: FieldErrors, field: string, { template, podFailurePolicy }: V1JobSpec): void {
  const policy = template?.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') errors.required(field, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.notSupported(field, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy !== undefined && policy !== 'Never') errors.invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified');
}
