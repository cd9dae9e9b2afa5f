import { defaultPodTemplate } from '../../../defaults/pod-template.ts';
import type { V1Job, V1JobSpec } from '../../../generated/types.ts';

const INT32_MAX = 2 ** 31 - 1;

/** What of a Job is defaulted only when it is one: a CronJob's template stays as it was written. */
export function defaultJob(job: V1Job): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (job.spec ??= {} as V1JobSpec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : INT32_MAX;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec.manualSelector ??= false;
  defaultJobSpec(spec);
  const labels = spec.template.metadata?.labels;
  // The very same: a create tells by that whose labels these are.
  if (labels !== undefined && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = labels;
}

/** What holds for the spec of a Job and of a template of Jobs. */
export function defaultJobSpec(spec: V1JobSpec): void {
  defaultPodTemplate(spec);
  for (const { onPodConditions = [] } of spec.podFailurePolicy?.rules ?? []) for (const condition of onPodConditions) condition.status ||= 'True';
}
