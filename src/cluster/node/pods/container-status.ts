import type { V1ContainerState, V1ContainerStatus } from '#cluster/api';
import { timestamp } from '#cluster/client';
import type { RuntimeContainer } from '../types.ts';
import { notBefore, SLOW } from './backoff.ts';
import { hasBegun, isIdle, isInitialized, isPastDeadline } from './phase.ts';
import { type ContainerView, latest, type PodView, restarts } from './view.ts';

/** What `containerID` begins with. */
export const ID_SCHEME = 'gantry://';

/** Words that a container left about its end, by the id of its run. */
export type EndMessages = ReadonlyMap<string, string>;

/** One entry of `containerStatuses`. `ending`: nothing of the Pod starts any more. Pure. */
export function containerStatus(view: PodView, container: ContainerView, messages: EndMessages, ending: boolean): V1ContainerStatus {
  const known = reported(view, container);
  const run = latest(container);
  if (run === undefined && ending && known?.containerID !== undefined) return lost(known, view.now_ms);
  const neverRan = isPastDeadline(view) && isIdle(view) && run?.state.status !== 'exited';
  const state = neverRan ? unknownEnd(undefined, view.now_ms) : stateOf(view, container, messages, ending);
  const before = lastState(container, state, messages) ?? (run === undefined || known?.restartCount === run.attempt ? known?.lastState : undefined);
  const running = state.running !== undefined;
  const counts = container.role === 'main' || container.role === 'sidecar';
  const doneInit = container.role === 'init' && state.terminated?.exitCode === 0;
  return {
    name: container.name,
    image: container.spec.image ?? '',
    imageID: run?.imageId ?? known?.imageID ?? '',
    ...(run === undefined ? {} : { containerID: `${ID_SCHEME}${run.id}` }),
    restartCount: run?.attempt ?? container.nextAttempt,
    ready: doneInit || (running && container.ready && container.started && counts),
    started: running && container.started && container.role !== 'ephemeral',
    state,
    lastState: before ?? {},
    ...resourcesOf(container),
  };
}

/** What the node has granted, and what the run has of it. */
function resourcesOf({ role, spec, actuated }: ContainerView): Pick<V1ContainerStatus, 'resources' | 'allocatedResources'> {
  if (role === 'ephemeral' || spec.resources === undefined) return {};
  const { requests } = spec.resources;
  return { resources: actuated ?? spec.resources, ...(requests && { allocatedResources: requests }) };
}

const STATUS_LISTS = {
  init: 'initContainerStatuses',
  sidecar: 'initContainerStatuses',
  main: 'containerStatuses',
  ephemeral: 'ephemeralContainerStatuses',
} as const;

/** The entry that the API has of it now. */
export function reported({ pod }: Pick<PodView, 'pod'>, { name, role }: Pick<ContainerView, 'name' | 'role'>): V1ContainerStatus | undefined {
  return pod.status?.[STATUS_LISTS[role]]?.find((status) => status.name === name);
}

function stateOf(view: PodView, container: ContainerView, messages: EndMessages, ending: boolean): V1ContainerState {
  const run = latest(container);
  if (run?.state.status === 'running' && container.busy !== 'starting') return { running: { startedAt: timestamp(run.state.startedAt_ms) } };
  if (run?.state.status === 'exited') {
    const ended = terminated(run, messages);
    if (ending || !restarts(view, container, run.state.exitCode)) return ended;
    return crashing(view, container, run) ?? (container.problem === undefined ? ended : waiting(container.problem.reason, container.problem.message));
  }
  if (view.refusals.length > 0) return waiting('CreateContainerConfigError', view.refusals.join('; '));
  if (container.problem !== undefined && container.busy === undefined) return waiting(container.problem.reason, container.problem.message);
  const initializing = container.role === 'main' && !hasBegun(view) && !isInitialized(view);
  return waiting(initializing ? 'PodInitializing' : 'ContainerCreating');
}

function crashing(view: PodView, container: ContainerView, run: RuntimeContainer): V1ContainerState | undefined {
  if (run.state.status !== 'exited' || container.busy !== undefined || container.crash === undefined) return undefined;
  if (notBefore(container.crash, run.state.finishedAt_ms, SLOW) <= view.now_ms) return undefined;
  return waiting('CrashLoopBackOff', `back-off ${goSeconds(container.crash.delay_ms)} restarting failed container=${container.name} pod=${podWords(view)}`);
}

/** `name_namespace(uid)`. */
export function podWords({ pod: { metadata } }: Pick<PodView, 'pod'>): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
}

/** `40s`, `2m40s`, as Go writes durations. */
export function goSeconds(duration_ms: number): string {
  const seconds = Math.round(duration_ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function waiting(reason: string, message?: string): V1ContainerState {
  return { waiting: { reason, ...(message === undefined ? {} : { message }) } };
}

/** How a run ended. */
export function terminated(run: RuntimeContainer, messages: EndMessages): V1ContainerState {
  const { state } = run;
  if (state.status !== 'exited') return {};
  const { exitCode, oomKilled, startedAt_ms, finishedAt_ms } = state;
  const message = messages.get(run.id) || state.message;
  const neverRan = state.message !== undefined && startedAt_ms === 0;
  const reason = oomKilled ? 'OOMKilled' : neverRan ? 'StartError' : exitCode === 0 ? 'Completed' : 'Error';
  return {
    terminated: {
      exitCode,
      reason,
      ...(message ? { message } : {}),
      startedAt: timestamp(startedAt_ms),
      finishedAt: timestamp(finishedAt_ms),
      containerID: `${ID_SCHEME}${run.id}`,
    },
  };
}

function lastState(container: ContainerView, state: V1ContainerState, messages: EndMessages): V1ContainerState | undefined {
  const [newest, previous] = container.runs;
  // While it waits to run again its last end is the newest run's.
  const ended = state.waiting !== undefined && newest?.state.status === 'exited' ? newest : previous;
  return ended?.state.status === 'exited' ? terminated(ended, messages) : undefined;
}

/** It ran, and nothing of it is left to tell how it ended. */
function lost(known: V1ContainerStatus, now_ms: number): V1ContainerStatus {
  if (known.state?.terminated !== undefined) return known;
  return { ...known, ready: false, started: false, state: unknownEnd(known.state?.running?.startedAt, now_ms) };
}

function unknownEnd(startedAt: string | undefined, now_ms: number): V1ContainerState {
  const finishedAt = timestamp(now_ms);
  const message = 'The container could not be located when the pod was terminated';
  return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message, startedAt: startedAt ?? finishedAt, finishedAt } };
}
