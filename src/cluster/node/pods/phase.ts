import { type ContainerView, exitCodeOf, isRunning, latest, type PodView, restarts } from './view.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Whether the Pod's time (`activeDeadlineSeconds`) is over. */
export function isPastDeadline({ pod, now_ms }: PodView): boolean {
  const end_ms = deadline_ms(pod);
  return end_ms !== undefined && now_ms >= end_ms;
}

/** When the Pod's time is over, in milliseconds since the epoch. */
export function deadline_ms(pod: PodView['pod']): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  const start = pod.status?.startTime;
  return seconds === undefined || start === undefined ? undefined : Date.parse(start) + seconds * 1000;
}

/** The phase of a Pod, as its API reference describes it. Once ended it stays so. Pure. */
export function phaseOf(view: PodView): Phase {
  const known = view.pod.status?.phase;
  if (known === 'Succeeded' || known === 'Failed') return known;
  if (isPastDeadline(view) && isIdle(view)) return 'Failed';
  const inits = view.containers.filter(({ role }) => role === 'init');
  const mains = view.containers.filter(({ role }) => role === 'main');
  if (inits.some((container) => failedForGood(view, container))) return 'Failed';
  if (!isInitialized(view)) return 'Pending';
  const ended = mains.filter((container) => endedForGood(view, container));
  if (mains.length > 0 && ended.length === mains.length) return ended.every((container) => exitCodeOf(container) === 0) ? 'Succeeded' : 'Failed';
  return mains.some((container) => latest(container) === undefined && container.nextAttempt === 0) || mains.some(neverStarted) ? 'Pending' : 'Running';
}

/** Nothing of the Pod runs, nor is about to. */
export function isIdle(view: PodView): boolean {
  return view.containers.every((container) => container.busy === undefined && !isRunning(container));
}

function neverStarted(container: ContainerView): boolean {
  return container.runs.length > 0 && container.runs.every(({ state }) => state.status === 'created');
}

/** Whether the containers before the Pod's own have done their work. */
export function isInitialized(view: PodView): boolean {
  return hasBegun(view) || view.containers.every((container) => container.role === 'main' || container.role === 'ephemeral' || isInitDone(container));
}

/** Whether one of the Pod's own containers ever ran: then the ones before them had ended. */
export function hasBegun(view: PodView): boolean {
  return view.containers.some(
    (container) => container.role === 'main' && (container.nextAttempt > 0 || container.runs.some(({ state }) => state.status !== 'created')),
  );
}

export function isInitDone(container: ContainerView): boolean {
  return container.role === 'sidecar' ? isRunning(container) && container.started && container.busy === undefined : exitCodeOf(container) === 0;
}

function endedForGood(view: PodView, container: ContainerView): boolean {
  const code = exitCodeOf(container);
  return code !== undefined && container.busy !== 'starting' && !restarts(view, container, code);
}

function failedForGood(view: PodView, container: ContainerView): boolean {
  return endedForGood(view, container) && exitCodeOf(container) !== 0;
}
