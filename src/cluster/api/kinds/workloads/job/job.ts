import type { V1Job } from '../../../generated/types.ts';
import { ageColumn, column, nameColumn, selectorText } from '../../../table/column.ts';
import { humanDuration } from '../../../table/duration.ts';
import { strategy } from '../../strategy.ts';
import { containerColumns } from '../columns.ts';
import { isTrue } from './conditions.ts';
import { defaultJob } from './defaults.ts';
import { validateJob } from './rules.ts';
import { selectOwnPods } from './selector.ts';
import { validateJobStatus } from './status-rules.ts';
import { sameContent } from '../../../validation/same.ts';
import { jobSpecWarnings, nameWarnings } from '../warnings/workload.ts';

function statusText({ metadata, status = {} }: V1Job): string {
  for (const type of ['Complete', 'Failed']) if (isTrue(status, type)) return type;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) => isTrue(status, type)) ?? 'Running';
}

function completionsText({ spec, status }: V1Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: V1Job, now_ms: number): string {
  if (status?.startTime === undefined) return '';
  return humanDuration((status.completionTime === undefined ? now_ms : Date.parse(status.completionTime)) - Date.parse(status.startTime));
}

export const JOB = strategy<V1Job>({
  counted: true,
  setDefaults: defaultJob,
  prepareCreate: (job) => {
    job.status = {};
    if (job.spec === undefined) return;
    const hasOwn = Object.keys(job.metadata.labels ?? {}).length > 0 && job.metadata.labels !== job.spec.template.metadata?.labels;
    job.spec = structuredClone(job.spec);
    selectOwnPods(job);
    // Who has no labels has those of his Pods.
    const { labels } = job.spec.template.metadata ?? {};
    if (labels !== undefined && !hasOwn) job.metadata.labels = { ...labels };
  },
  validate: validateJob,
  validateStatus: validateJobStatus,
  warnings: (job, old) => [...(old === undefined ? nameWarnings(job) : []), ...(sameContent(job.spec, old?.spec) ? [] : jobSpecWarnings('spec', job.spec))],
  columns: [
    nameColumn,
    column<V1Job>('Status', statusText),
    column<V1Job>('Completions', completionsText),
    column<V1Job>('Duration', durationText),
    ageColumn,
    ...containerColumns<V1Job>(({ spec }) => spec?.template.spec),
    column<V1Job>('Selector', ({ spec }) => selectorText(spec?.selector), 1),
  ],
});
