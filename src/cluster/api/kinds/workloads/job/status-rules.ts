import type { V1Job, V1JobSpec, V1JobStatus } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkNoneNegative } from '../../../validation/numbers.ts';
import { sameContent } from '../../../validation/same.ts';
import { isFinished, isTrue } from './conditions.ts';
import { countIndexes, overlapOf } from './indexes.ts';

/** A status as it is to be, and what of it the update changes: rules speak only of what changes, so that an odd status of before can go on. */
interface Change {
  readonly spec: V1JobSpec;
  readonly status: V1JobStatus;
  readonly old: V1JobStatus;
  /** Whether the update changes any of these fields, or whether a condition holds. */
  readonly changes: (...names: readonly string[]) => boolean;
  readonly is: (type: string) => boolean;
}

export function validateJobStatus(errors: FieldErrors, { spec, status = {} }: V1Job, old: V1Job): void {
  if (spec === undefined) return;
  const before = old.status ?? {};
  const differs = (name: string) => {
    if (name === 'finished') return isFinished(status) !== isFinished(before);
    if (/^[A-Z]/.test(name)) return isTrue(status, name) !== isTrue(before, name);
    return !sameContent(Reflect.get(status, name), Reflect.get(before, name));
  };
  const change: Change = { spec, status, old: before, changes: (...names) => names.some(differs), is: (type) => isTrue(status, type) };
  checkNoneNegative(errors, 'status', status, ['active', 'succeeded', 'failed', 'ready', 'terminating']);
  checkUncounted(errors, status);
  checkConditions(errors, change);
  checkTimes(errors, change);
  checkEnd(errors, change);
  checkIndexes(errors, change);
  checkCounters(errors, change);
}

/** Pods that ended and are yet to be counted, each once. */
function checkUncounted(errors: FieldErrors, { uncountedTerminatedPods = {} }: V1JobStatus): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (uncountedTerminatedPods[list] ?? []).entries()) {
      const field = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (uid === '') errors.invalid(field, uid, 'must not be empty');
      else if (seen.has(uid)) errors.duplicate(field, uid);
      seen.add(uid);
    }
  }
}

function checkConditions(errors: FieldErrors, { spec, old, changes, is }: Change): void {
  const refuse = (isWrong: boolean, why: string) => isWrong && errors.wrong('status.conditions', why);
  const [complete, failed, succeeds] = [is('Complete'), is('Failed'), is('SuccessCriteriaMet')];
  refuse(changes('Complete', 'Failed') && complete && failed, 'cannot set Complete=True and Failed=true conditions');
  refuse(changes('Complete', 'FailureTarget') && complete && is('FailureTarget'), 'cannot set Complete=True and FailureTarget=true conditions');
  refuse(changes('Failed', 'failedIndexes') && failed && !is('FailureTarget'), 'cannot set Failed=True condition without the FailureTarget=true condition');
  refuse(
    changes('Complete', 'SuccessCriteriaMet') && complete && !succeeds,
    'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
  );
  refuse(succeeds && failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  refuse(succeeds && is('FailureTarget'), 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  refuse(spec.successPolicy !== undefined && !succeeds && complete, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  for (const type of ['Failed', 'Complete', 'FailureTarget']) refuse(isTrue(old, type) && !is(type), `cannot disable the terminal ${type}=True condition`);
  refuse(isTrue(old, 'SuccessCriteriaMet') && !succeeds, 'cannot disable the SuccessCriteriaMet=True condition');
  refuse(
    isTrue(old, 'Complete') && !isTrue(old, 'SuccessCriteriaMet') && succeeds,
    'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
  );
}

function checkTimes(errors: FieldErrors, { spec, status, old, changes, is }: Change): void {
  const { startTime, completionTime } = status;
  const field = 'status.completionTime';
  if (changes('Complete', 'completionTime')) {
    if (completionTime !== undefined && !is('Complete'))
      errors.invalid(field, completionTime, 'cannot set completionTime when there is no Complete=True condition');
    if (completionTime === undefined && is('Complete')) errors.required(field, 'completionTime is required for Complete jobs');
  }
  const isReversed = startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime);
  if (changes('startTime', 'completionTime') && isReversed) errors.invalid(field, completionTime, 'must be equal to or after `startTime`');
  if (completionTime !== undefined && old.completionTime !== undefined && changes('completionTime'))
    errors.invalid(field, completionTime, 'field is immutable');
  const isResuming = isTrue(old, 'Suspended') && (status.conditions ?? []).some(({ type, status }) => type === 'Suspended' && status === 'False');
  if (old.startTime !== undefined && changes('startTime') && !isResuming && spec.suspend !== true)
    errors.invalid('status.startTime', startTime ?? null, 'field is immutable for unsuspended job once set');
}

/** What has ended runs no more. */
function checkEnd(errors: FieldErrors, { spec, status, changes }: Change): void {
  if (!isFinished(status)) return;
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  if (changes('finished', 'active') && active > 0) errors.invalid('status.active', active, 'active>0 is invalid for finished job');
  const isEmpty = spec.suspend === true && spec.completions === 0;
  if (changes('finished', 'startTime') && startTime === undefined && !isEmpty) errors.required('status.startTime', 'startTime is required for finished job');
  if (changes('finished', 'uncountedTerminatedPods') && (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0)
    errors.invalid('status.uncountedTerminatedPods', uncounted, 'must be empty for finished job');
  if (changes('finished', 'terminating') && terminating > 0) errors.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job');
}

function checkIndexes(errors: FieldErrors, { spec, status, changes }: Change): void {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, backoffLimitPerIndex, completionMode } = spec;
  if (changes('completedIndexes')) {
    const wrong = completions === undefined ? 0 : countIndexes(completedIndexes, completions);
    if (typeof wrong === 'string') errors.invalid('status.completedIndexes', completedIndexes, `error parsing completedIndexes: ${wrong}`);
    if (completedIndexes !== '' && completionMode !== 'Indexed')
      errors.invalid('status.completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode');
  }
  if (failedIndexes === undefined) return;
  const field = 'status.failedIndexes';
  if (changes('failedIndexes')) {
    const wrong = completions === undefined || backoffLimitPerIndex === undefined ? 0 : countIndexes(failedIndexes, completions);
    if (typeof wrong === 'string') errors.invalid(field, failedIndexes, `error parsing failedIndexes: ${wrong}`);
    if (backoffLimitPerIndex === undefined) errors.invalid(field, failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
  }
  const overlap = completions === undefined ? undefined : overlapOf(completedIndexes, failedIndexes, completions);
  if (changes('failedIndexes', 'completedIndexes') && overlap !== undefined)
    errors.invalid(field, failedIndexes, `failedIndexes and completedIndexes overlap at index: ${overlap}`);
}

function checkCounters(errors: FieldErrors, { spec, status, old, changes }: Change): void {
  const { ready, active = 0, succeeded = 0, failed = 0 } = status;
  if (changes('ready', 'active') && ready !== undefined && ready > active) errors.invalid('status.ready', ready, 'cannot set more ready pods than active');
  if (failed < (old.failed ?? 0)) errors.invalid('status.failed', failed, 'cannot decrease the failed counter');
  // An indexed Job that runs all of its indexes at once can shrink.
  const canShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!canShrink && succeeded < (old.succeeded ?? 0)) errors.invalid('status.succeeded', succeeded, 'cannot decrease the succeeded counter');
}
