import type { V1Deployment, V1DeploymentCondition, V1DeploymentStatus, V1ReplicaSet } from '#cluster/api';
import { timestamp } from '#cluster/client';
import { type Limits, sizeOf, sum } from './limits.ts';

/** Replaces the condition of that type; the time of its last transition stays while its status does. */
export function withCondition(
  conditions: readonly V1DeploymentCondition[],
  next: Omit<V1DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>,
  now_ms: number,
): V1DeploymentCondition[] {
  const now = timestamp(now_ms);
  const present = conditions.find((one) => one.type === next.type);
  if (present && present.status === next.status && present.reason === next.reason && present.message === next.message) return [...conditions];
  const transition = present?.status === next.status ? present.lastTransitionTime : now;
  const others = conditions.filter((one) => one.type !== next.type);
  return [...others, { ...next, lastUpdateTime: now, lastTransitionTime: transition ?? now }];
}

export interface StatusView {
  readonly deployment: V1Deployment;
  readonly limits: Limits;
  readonly newest: V1ReplicaSet | undefined;
  readonly olds: readonly V1ReplicaSet[];
  /** What was said about the newest in this pass (created, found). */
  readonly told?: { readonly reason: string; readonly message: string };
}
const PROGRESSING = 'Progressing';
const COMPLETE = 'NewReplicaSetAvailable';

/** Pure: the status that the ReplicaSets make. */
export function deploymentStatus(view: StatusView, now_ms: number): V1DeploymentStatus {
  const { deployment, newest, olds } = view;
  const all = newest === undefined ? olds : [newest, ...olds];
  const available = sum(all, (one) => one.status?.availableReplicas ?? 0);
  const unavailable = Math.max(0, sum(all, sizeOf) - available);
  const { collisionCount } = deployment.status ?? {};
  const counts: V1DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, (one) => one.status?.replicas ?? 0),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, (one) => one.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: unavailable,
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
  return { ...counts, conditions: conditionsOf(view, counts, now_ms) };
}

function conditionsOf(view: StatusView, counts: V1DeploymentStatus, now_ms: number): V1DeploymentCondition[] {
  const { deployment, limits, newest } = view;
  const enough = (counts.availableReplicas ?? 0) >= limits.replicas - limits.unavailable;
  const availability = enough
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' };
  let conditions = withCondition(deployment.status?.conditions ?? [], availability, now_ms);
  conditions = withProgress(view, counts, conditions, now_ms);
  const failure = newest?.status?.conditions?.find((one) => one.type === 'ReplicaFailure' && one.status === 'True');
  const others = conditions.filter((one) => one.type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  const { reason = '', message = '' } = failure;
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, now_ms);
}

function withProgress(view: StatusView, counts: V1DeploymentStatus, conditions: V1DeploymentCondition[], now_ms: number): V1DeploymentCondition[] {
  const { deployment, newest, told } = view;
  const { paused, progressDeadlineSeconds = 600 } = deployment.spec ?? {};
  const present = conditions.find((one) => one.type === PROGRESSING);
  const say = (status: string, reason: string, message: string) => withCondition(conditions, { type: PROGRESSING, status, reason, message }, now_ms);
  if (paused) return present?.reason === 'DeploymentPaused' ? conditions : say('Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (present?.reason === 'DeploymentPaused') return say('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  const subject = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, counts)) {
    return present?.reason === COMPLETE && present.message === `${subject} has successfully progressed.`
      ? conditions
      : say('True', COMPLETE, `${subject} has successfully progressed.`);
  }
  if (told !== undefined) return say('True', told.reason, told.message);
  if (present?.reason === COMPLETE && counts.replicas === counts.updatedReplicas) return conditions;
  if (hasProgressed(deployment, counts)) return touched(say('True', 'ReplicaSetUpdated', `${subject} is progressing.`), now_ms);
  if (isLate(present, progressDeadlineSeconds, now_ms)) return say('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  return conditions;
}

/** Progress sets the time of the last update anew even where the words stay: the deadline counts from it. */
function touched(conditions: V1DeploymentCondition[], now_ms: number): V1DeploymentCondition[] {
  return conditions.map((one) => (one.type === PROGRESSING ? { ...one, lastUpdateTime: timestamp(now_ms) } : one));
}

/** Everything is new, there is as much as wanted, and it is available. */
export function isComplete(deployment: V1Deployment, counts: V1DeploymentStatus): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return (
    counts.updatedReplicas === wanted &&
    counts.replicas === wanted &&
    counts.availableReplicas === wanted &&
    (counts.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed({ status }: V1Deployment, counts: V1DeploymentStatus): boolean {
  const before = {
    updated: status?.updatedReplicas ?? 0,
    old: (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0),
    ready: status?.readyReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
  };
  const { updatedReplicas = 0, replicas = 0, readyReplicas = 0, availableReplicas = 0 } = counts;
  return updatedReplicas > before.updated || replicas - updatedReplicas < before.old || readyReplicas > before.ready || availableReplicas > before.available;
}

function isLate(present: V1DeploymentCondition | undefined, deadline_seconds: number, now_ms: number): boolean {
  if (present === undefined || present.reason === COMPLETE) return false;
  if (present.reason === 'ProgressDeadlineExceeded') return true;
  return deadlineOf(present, deadline_seconds) <= now_ms;
}

/** When a rollout without progress is to be called late; undefined where none is under way. */
export function untilLate_ms(deployment: V1Deployment, status: V1DeploymentStatus, now_ms: number): number | undefined {
  const { paused, progressDeadlineSeconds = 600 } = deployment.spec ?? {};
  const present = status.conditions?.find((one) => one.type === PROGRESSING);
  if (paused || present === undefined || present.reason === COMPLETE || present.reason === 'ProgressDeadlineExceeded' || isComplete(deployment, status))
    return undefined;
  return Math.max(1, deadlineOf(present, progressDeadlineSeconds) - now_ms);
}

/** Times are written in whole seconds, rounded down: one more second is waited, so that nobody is called late early. */
function deadlineOf({ lastUpdateTime = '' }: V1DeploymentCondition, deadline_seconds: number): number {
  return Date.parse(lastUpdateTime) + (deadline_seconds + 1) * 1000;
}
