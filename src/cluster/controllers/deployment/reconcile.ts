import { isDeepStrictEqual } from 'node:util';
import { podTemplateHash, type V1Deployment, type V1DeploymentStatus, type V1Pod, type V1PodTemplateSpec, type V1ReplicaSet } from '#cluster/api';
import { controllerOf, controllerReference } from '../owners.ts';
import { isActive, isReady, isTerminal } from '../pods.ts';
import { withoutUndefined } from '../writes.ts';
import { annotationsOfNewest, HASH_LABEL, inherited, REVISION, revisionOf, sizeAnnotations } from './annotations.ts';
import { deploymentStatus, isComplete, untilLate_ms } from './conditions.ts';
import { type Limits, limitsOf, olderFirst, sizeOf } from './limits.ts';
import { scaleProportionally, wasResized } from './proportional.ts';
import { newestSize, type ReadyOf, type Resize, shrinkOlds } from './rolling.ts';

export interface DeploymentView {
  readonly deployment: V1Deployment;
  /** Those that it controls. */
  readonly replicaSets: readonly V1ReplicaSet[];
  /** The Pods of these. */
  readonly pods: readonly V1Pod[];
}
export type DeploymentAction =
  | { readonly type: 'create'; readonly replicaSet: V1ReplicaSet }
  /** `from` is the size before, where it changes. */
  | { readonly type: 'update'; readonly replicaSet: V1ReplicaSet; readonly from?: number }
  | { readonly type: 'delete'; readonly replicaSet: V1ReplicaSet }
  | { readonly type: 'annotate'; readonly revision: string }
  | { readonly type: 'status'; readonly status: V1DeploymentStatus };
export interface DeploymentPlan {
  readonly actions: readonly DeploymentAction[];
  readonly lookAgain_ms?: number;
}

/** Pure: what brings a Deployment one step further. What it changes comes back as changed ReplicaSets, and it is asked again. */
export function planDeployment(view: DeploymentView, now_ms: number): DeploymentPlan {
  const { deployment, replicaSets } = view;
  const limits = limitsOf(deployment);
  const newest = findNewest(deployment, replicaSets);
  const olds = replicaSets.filter((one) => one !== newest);
  if (deployment.metadata.deletionTimestamp !== undefined) return finish(view, limits, newest, olds, [], now_ms);
  const changes = deployment.spec?.paused || wasResized(deployment, replicaSets) ? resizeAll(view, limits, newest, olds) : rollOut(view, limits, newest, olds);
  return finish(view, limits, newest, olds, changes, now_ms);
}

function finish(
  view: DeploymentView,
  limits: Limits,
  newest: V1ReplicaSet | undefined,
  olds: readonly V1ReplicaSet[],
  changes: readonly DeploymentAction[],
  now_ms: number,
): DeploymentPlan {
  const { deployment } = view;
  const created = changes.find((change) => change.type === 'create');
  const told = toldOf(deployment, newest, created?.replicaSet);
  const status = deploymentStatus({ deployment, limits, newest, olds, ...(told === undefined ? {} : { told }) }, now_ms);
  const revision = revisionAction(deployment, newest, changes);
  const forgotten =
    changes.length === 0 && deployment.metadata.deletionTimestamp === undefined && isComplete(deployment, status) ? forgetOld(deployment, olds) : [];
  const said: DeploymentAction[] = isDeepStrictEqual(status, withoutUndefined(deployment.status)) ? [] : [{ type: 'status', status }];
  const wait = untilLate_ms(deployment, status, now_ms);
  return { actions: [...changes, ...revision, ...forgotten, ...said], ...(wait === undefined ? {} : { lookAgain_ms: wait }) };
}

function toldOf(
  deployment: V1Deployment,
  newest: V1ReplicaSet | undefined,
  created: V1ReplicaSet | undefined,
): { reason: string; message: string } | undefined {
  if (created !== undefined) return { reason: 'NewReplicaSetCreated', message: `Created new replica set "${created.metadata.name}"` };
  const known = deployment.status?.conditions?.some((one) => one.type === 'Progressing');
  if (newest === undefined || known) return undefined;
  return { reason: 'FoundNewReplicaSet', message: `Found new replica set "${newest.metadata.name}"` };
}

/** The ReplicaSet that was made from the template as it is now; the oldest where there are several. */
export function findNewest(deployment: V1Deployment, replicaSets: readonly V1ReplicaSet[]): V1ReplicaSet | undefined {
  const wanted = bare(deployment.spec?.template);
  return replicaSets.toSorted(olderFirst).find((one) => isDeepStrictEqual(bare(one.spec?.template), wanted));
}

/** A template without what tells ReplicaSets of one Deployment apart. */
function bare(template: V1PodTemplateSpec | undefined): unknown {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return withoutUndefined({ ...template, metadata: { ...template?.metadata, labels } });
}

function resizeAll(view: DeploymentView, limits: Limits, newest: V1ReplicaSet | undefined, olds: readonly V1ReplicaSet[]): readonly DeploymentAction[] {
  return scaleProportionally(view.deployment, limits, newest, olds, readyAmong(view.pods)).flatMap((resize) => resizeAction(resize, limits));
}

function rollOut(
  { deployment, pods }: DeploymentView,
  limits: Limits,
  newest: V1ReplicaSet | undefined,
  olds: readonly V1ReplicaSet[],
): readonly DeploymentAction[] {
  const recreate = deployment.spec?.strategy?.type === 'Recreate';
  if (recreate) {
    const shrinking = olds.filter((old) => sizeOf(old) > 0).flatMap((replicaSet) => resizeAction({ replicaSet, to: 0 }, limits));
    if (shrinking.length > 0) return shrinking;
    if (runsOld(pods, newest)) return [];
  }
  const revision = Math.max(0, ...olds.map(revisionOf)) + 1;
  const size = newestSize(limits, newest === undefined ? 0 : sizeOf(newest), olds, recreate);
  if (newest === undefined) return [{ type: 'create', replicaSet: makeReplicaSet(deployment, limits, size, revision) }];
  const annotations = { ...annotationsOfNewest(deployment, newest.metadata.annotations ?? {}, revision), ...sizeAnnotations(limits.replicas, limits.surge) };
  const growing = changed(newest, size, annotations, deployment.spec?.minReadySeconds ?? 0);
  if (growing.length > 0 || recreate) return growing;
  return shrinkOlds(limits, newest, olds, readyAmong(pods)).flatMap((resize) => resizeAction(resize, limits));
}

function readyAmong(pods: readonly V1Pod[]): ReadyOf {
  return ({ metadata }) => pods.filter((pod) => isActive(pod) && isReady(pod) && controllerOf(pod)?.uid === metadata.uid).length;
}

/** Whether a Pod of an old ReplicaSet has not ended yet. */
function runsOld(pods: readonly V1Pod[], newest: V1ReplicaSet | undefined): boolean {
  return pods.some((pod) => !isTerminal(pod) && pod.metadata.ownerReferences?.every((owner) => owner.uid !== newest?.metadata.uid));
}

function resizeAction({ replicaSet, to }: Resize, limits: Limits): readonly DeploymentAction[] {
  return changed(
    replicaSet,
    to,
    { ...replicaSet.metadata.annotations, ...sizeAnnotations(limits.replicas, limits.surge) },
    replicaSet.spec?.minReadySeconds ?? 0,
  );
}

function changed(replicaSet: V1ReplicaSet, size: number, annotations: Record<string, string>, minReadySeconds: number): readonly DeploymentAction[] {
  const from = sizeOf(replicaSet);
  const same =
    from === size &&
    (replicaSet.spec?.minReadySeconds ?? 0) === minReadySeconds &&
    isDeepStrictEqual({ ...annotations }, { ...replicaSet.metadata.annotations });
  if (same || replicaSet.spec === undefined) return [];
  const next: V1ReplicaSet = {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: size, minReadySeconds },
  };
  return [{ type: 'update', replicaSet: next, ...(from === size ? {} : { from }) }];
}

function makeReplicaSet(deployment: V1Deployment, limits: Limits, replicas: number, revision: number): V1ReplicaSet {
  const template = deployment.spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const { name, namespace } = deployment.metadata;
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const selector = deployment.spec?.selector ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { ...inherited(deployment), [REVISION]: String(revision), ...sizeAnnotations(limits.replicas, limits.surge) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      minReadySeconds: deployment.spec?.minReadySeconds ?? 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The Deployment carries the revision of its newest ReplicaSet. */
function revisionAction(deployment: V1Deployment, newest: V1ReplicaSet | undefined, changes: readonly DeploymentAction[]): readonly DeploymentAction[] {
  const written = changes.flatMap((change) => (change.type === 'create' || change.type === 'update' ? [change.replicaSet] : []));
  const made = changes.find((change) => change.type === 'create')?.replicaSet;
  const current = made ?? written.find((one) => one.metadata.uid === newest?.metadata.uid) ?? newest;
  const revision = current?.metadata.annotations?.[REVISION];
  if (revision === undefined || deployment.metadata.annotations?.[REVISION] === revision) return [];
  return [{ type: 'annotate', revision }];
}

/** Old ReplicaSets beyond the history that is kept, oldest revision first. */
function forgetOld(deployment: V1Deployment, olds: readonly V1ReplicaSet[]): readonly DeploymentAction[] {
  const keep = deployment.spec?.revisionHistoryLimit ?? 10;
  const empty = olds.filter(
    ({ metadata, spec, status }) =>
      metadata.deletionTimestamp === undefined &&
      (spec?.replicas ?? 0) === 0 &&
      (status?.replicas ?? 0) === 0 &&
      (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
  );
  const sorted = empty.toSorted((a, b) => revisionOf(a) - revisionOf(b) || olderFirst(a, b));
  return sorted.slice(0, Math.max(0, empty.length - keep)).map((replicaSet) => ({ type: 'delete', replicaSet }));
}
