import type { V1CronJob, V1CronJobSpec, V1JobSpec } from '../../../generated/types.ts';
import { ageColumn, column, nameColumn, selectorText } from '../../../table/column.ts';
import { age } from '../../../table/duration.ts';
import { checkChoice } from '../../../validation/choices.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkNoneNegative } from '../../../validation/numbers.ts';
import { strategy } from '../../strategy.ts';
import { containerColumns } from '../columns.ts';
import { defaultJobSpec } from '../job/defaults.ts';
import { checkJobSpec } from '../job/rules.ts';
import { scheduleProblem } from './schedule.ts';
import { isTimeZone, timeZoneProblems } from './time-zone.ts';
import { sameContent } from '../../../validation/same.ts';
import { jobSpecWarnings, nameWarnings } from '../warnings/workload.ts';

/** The names of its Jobs end in a minus and ten digits. */
const NAME_BYTES_MAX = 63 - 11;

function setDefaults(cronJob: V1CronJob): void {
  // Shape for the rules that follow; what is required is said by them.
  const spec = (cronJob.spec ??= {} as V1CronJobSpec);
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.metadata ??= {};
  defaultJobSpec((spec.jobTemplate.spec ??= {} as V1JobSpec));
}

function validate(errors: FieldErrors, { metadata, spec }: V1CronJob, old?: V1CronJob): void {
  if (spec === undefined) return errors.required('spec');
  if (!spec.schedule) errors.required('spec.schedule');
  else checkSchedule(errors, 'spec.schedule', spec, old?.spec);
  checkNoneNegative(errors, 'spec', spec, ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit']);
  if (spec.timeZone !== undefined && spec.timeZone !== old?.spec?.timeZone)
    for (const why of timeZoneProblems(spec.timeZone)) errors.invalid('spec.timeZone', spec.timeZone, why);
  checkChoice(errors, 'spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], false);
  const template = spec.jobTemplate?.spec;
  checkJobSpec(errors, 'spec.jobTemplate.spec', template ?? ({} as V1JobSpec)); // without a template the rules say what is missing
  if (template?.selector !== undefined) errors.invalid('spec.jobTemplate.spec.selector', template.selector, '`selector` will be auto-generated');
  if (template?.manualSelector) errors.notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']);
  const { name = '' } = metadata;
  if (old === undefined && Buffer.byteLength(name) > NAME_BYTES_MAX) errors.invalid('metadata.name', name, `must be no more than ${NAME_BYTES_MAX} characters`);
}

function checkSchedule(errors: FieldErrors, field: string, { schedule, timeZone }: V1CronJobSpec, old: V1CronJobSpec | undefined): void {
  const problem = scheduleProblem(schedule, isTimeZone);
  if (problem !== undefined) errors.invalid(field, schedule, problem);
  if (!schedule.includes('TZ')) return;
  if (!old?.schedule?.includes('TZ')) errors.invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  else if (timeZone !== undefined) errors.invalid(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
}

const suspendText = (suspend: boolean | undefined) => (suspend === undefined ? '<unset>' : suspend ? 'True' : 'False');

const ZONE_IN_SCHEDULE =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

export const CRON_JOB = strategy<V1CronJob>({
  counted: true,
  setDefaults,
  prepareCreate: (cronJob) => {
    cronJob.status = {};
  },
  validate,
  warnings: (cronJob, old) => [
    ...(old === undefined ? nameWarnings(cronJob) : []),
    ...(sameContent(cronJob.spec, old?.spec) ? [] : jobSpecWarnings('spec.jobTemplate.spec', cronJob.spec?.jobTemplate?.spec)),
    ...(old !== undefined && cronJob.spec?.schedule?.includes('TZ') ? [ZONE_IN_SCHEDULE] : []),
  ],
  columns: [
    nameColumn,
    column<V1CronJob>('Schedule', ({ spec }) => spec?.schedule ?? ''),
    column<V1CronJob>('Timezone', ({ spec }) => spec?.timeZone ?? '<none>'),
    column<V1CronJob>('Suspend', ({ spec }) => suspendText(spec?.suspend), 0, 'boolean'),
    column<V1CronJob>('Active', ({ status }) => status?.active?.length ?? 0, 0, 'integer'),
    column<V1CronJob>('Last Schedule', ({ status }, now_ms) => (status?.lastScheduleTime ? age(status.lastScheduleTime, now_ms) : '<none>')),
    ageColumn,
    ...containerColumns<V1CronJob>(({ spec }) => spec?.jobTemplate.spec?.template.spec),
    column<V1CronJob>('Selector', ({ spec }) => selectorText(spec?.jobTemplate.spec?.selector), 1),
  ],
});
