import type { V1Pod } from '#cluster/api';
import type { RuntimeContainer } from '../types.ts';
import { type ContainerState, newContainerState } from './container-state.ts';
import { reported } from './container-status.ts';
import type { ContainerRole, ContainerView } from './view.ts';

const PULL_BACKOFF_AFTER_MS = 1500;

/** A state for each container of the Pod, in the order in which they start; those that look into it last. Pure. */
export function containerStates(pod: V1Pod): ContainerState[] {
  const inits = (pod.spec?.initContainers ?? []).map((spec) => newContainerState(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init'));
  return [...inits, ...(pod.spec?.containers ?? []).map((spec) => newContainerState(spec, 'main')), ...addedStates(pod, [])];
}

/** States for what was added to a Pod that runs. Pure. */
export function addedStates(pod: V1Pod, known: readonly ContainerState[]): readonly ContainerState[] {
  const names = new Set(known.map(({ name }) => name));
  return (pod.spec?.ephemeralContainers ?? []).filter(({ name }) => !names.has(name)).map((spec) => newContainerState(spec, 'ephemeral'));
}

/** One container as it is now. Pure. */
export function containerView(state: ContainerState, pod: V1Pod, all: readonly RuntimeContainer[], now_ms: number): ContainerView {
  const runs = all.filter(({ container }) => container === state.name).sort((a, b) => b.attempt - a.attempt);
  const probes = state.probes?.runId === runs[0]?.id ? state.probes?.probes : undefined;
  return {
    name: state.name,
    role: state.role,
    spec: state.spec,
    runs,
    busy: state.busy,
    ...(state.stopBy_ms === undefined ? {} : { stopBy_ms: state.stopBy_ms }),
    ...(state.problem === undefined ? {} : { problem: problemNow(state.problem, state, now_ms) }),
    ...(state.crash === undefined ? {} : { crash: state.crash }),
    started: probes?.started ?? false,
    ready: probes?.ready ?? false,
    ...(probes?.unhealthy === undefined ? {} : { unhealthy: probes.unhealthy.words }),
    ...(probes?.unhealthy?.grace_seconds === undefined ? {} : { unhealthyGrace_seconds: probes.unhealthy.grace_seconds }),
    nextAttempt: nextAttempt(pod, state, runs),
  };
}

/** As Kubernetes words it: first the failure itself, then the wait. */
function problemNow(problem: NonNullable<ContainerState['problem']>, { spec }: ContainerState, now_ms: number): NonNullable<ContainerView['problem']> {
  if (!isBackingOff(problem, now_ms)) return problem;
  return { ...problem, reason: 'ImagePullBackOff', message: `Back-off pulling image "${spec.image}": ErrImagePull: ${problem.message}` };
}

/** Whether a failed pull is shown as waiting by now. */
export function isBackingOff(problem: NonNullable<ContainerState['problem']>, now_ms: number): boolean {
  return problem.reason === 'ErrImagePull' && now_ms >= problem.at_ms + PULL_BACKOFF_AFTER_MS;
}

/** When a failed pull is to be shown as waiting; undefined where it is, or nothing failed. */
export function backingOffAt_ms({ problem, busy }: ContainerState, now_ms: number): number | undefined {
  return problem?.reason === 'ErrImagePull' && busy === undefined && !isBackingOff(problem, now_ms) ? problem.at_ms + PULL_BACKOFF_AFTER_MS : undefined;
}

/** Runs are counted on where the runtime has lost them (the machine was started anew). */
function nextAttempt(pod: V1Pod, { name, role }: { readonly name: string; readonly role: ContainerRole }, runs: readonly RuntimeContainer[]): number {
  if (runs[0] !== undefined) return runs[0].attempt + 1;
  const known = reported({ pod }, { name, role });
  return known?.containerID === undefined ? 0 : known.restartCount + 1;
}
