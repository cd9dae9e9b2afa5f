import type { V1Deployment, V1ReplicaSet } from '#cluster/api';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MAX = 'deployment.kubernetes.io/max-replicas';
export const HASH_LABEL = 'pod-template-hash';
const HISTORY_TEXT_MAX = 2000;
/** Of a Deployment's annotations, these are not its ReplicaSets'. */
const OWN = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, REVISION_HISTORY, DESIRED, MAX, 'deprecated.deployment.rollback.to']);

type Annotations = Readonly<Record<string, string>>;

export function revisionOf(object: V1Deployment | V1ReplicaSet): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0) || 0;
}

/** The annotations of the Deployment that its newest ReplicaSet carries too. */
export function inherited(deployment: V1Deployment): Annotations {
  return Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !OWN.has(name)));
}

/** Pure: the newest ReplicaSet's annotations: those of the Deployment, and its revision with those it had before. */
export function annotationsOfNewest(deployment: V1Deployment, present: Annotations, revision: number): Record<string, string> {
  const before = Number(present[REVISION] ?? 0) || 0;
  if (before >= revision) return { ...present, ...inherited(deployment) };
  const history = present[REVISION] === undefined ? {} : { [REVISION_HISTORY]: withRevision(present[REVISION_HISTORY], present[REVISION]) };
  return { ...present, ...inherited(deployment), ...history, [REVISION]: String(revision) };
}

function withRevision(history: string | undefined, revision: string): string {
  const known = history === undefined || history === '' ? [] : history.split(',');
  const all = [...known, revision];
  while (all.join(',').length > HISTORY_TEXT_MAX) all.shift();
  return all.join(',');
}

/** What an autoscaler-proof rollout remembers on each ReplicaSet: for how many replicas it was last sized. */
export function sizeAnnotations(desired: number, surge: number): Record<string, string> {
  return { [DESIRED]: String(desired), [MAX]: String(desired + surge) };
}
