import { notBefore, SLOW } from './backoff.ts';
import { deadline_ms, hasBegun, isInitDone, isPastDeadline, phaseOf } from './phase.ts';
import { type ContainerView, isRunning, latest, type PodView, restarts } from './view.ts';

/** One thing to do. Each is done beside the others; what is under way shows as `busy` in the next view. */
export type Action =
  | { readonly kind: 'set-up' }
  | { readonly kind: 'start'; readonly container: string; readonly attempt: number }
  /** Ends the running container. `drain`: take it out of its Services first. */
  | {
      readonly kind: 'stop';
      readonly container: string;
      readonly id: string;
      readonly grace_seconds: number;
      readonly words: string;
      readonly drain: boolean;
      readonly resizes?: true;
    }
  /** Gives the running container the resources that it was granted. */
  | { readonly kind: 'resize'; readonly container: string; readonly id: string }
  /** A start that waits for an image is given up. */
  | { readonly kind: 'abort'; readonly container: string }
  /** An ended run that nobody needs any more. */
  | { readonly kind: 'discard'; readonly id: string }
  /** Everything has ended: gives back the network (and with `wholly` containers and volumes). */
  | { readonly kind: 'tear-down'; readonly wholly: boolean };

export interface Decision {
  readonly actions: readonly Action[];
  /** When something is due though nothing changes. */
  readonly wakeAt_ms?: number;
}
interface Ending {
  readonly grace_seconds: number;
  readonly wholly: boolean;
}

/** What to do about a Pod now. Pure: the same view gives the same decision, whatever happened before. */
export function decide(view: PodView): Decision {
  const ending = endingOf(view);
  const decision = ending === undefined ? live(view) : { actions: end(view, ending) };
  return { ...decision, actions: [...decision.actions, ...discards(view)] };
}

function endingOf(view: PodView): Ending | undefined {
  const { pod } = view;
  const usual = pod.spec?.terminationGracePeriodSeconds ?? 30;
  // Removed from the API by force: whoever did so does not wait.
  if (view.gone) return { grace_seconds: Math.min(1, pod.metadata.deletionGracePeriodSeconds ?? 1), wholly: true };
  if (pod.metadata.deletionTimestamp !== undefined) return { grace_seconds: pod.metadata.deletionGracePeriodSeconds ?? usual, wholly: true };
  const phase = phaseOf(view);
  return phase === 'Succeeded' || phase === 'Failed' || isPastDeadline(view) ? { grace_seconds: usual, wholly: false } : undefined;
}

function end(view: PodView, ending: Ending): readonly Action[] {
  const actions: Action[] = [];
  const leaders = view.containers.filter(({ role }) => role !== 'sidecar');
  for (const container of leaders) actions.push(...endOne(view, container, ending));
  if (leaders.some(isAlive)) return actions;
  // Those that serve the others go last, in the reverse of their order.
  const helper = view.containers.filter(({ role }) => role === 'sidecar').findLast(isAlive);
  if (helper !== undefined) return [...actions, ...endOne(view, helper, ending)];
  if (view.sandbox.state === 'busy' || view.tearDown !== 'none') return actions;
  return [...actions, { kind: 'tear-down', wholly: ending.wholly }];
}

function endOne(view: PodView, container: ContainerView, { grace_seconds, wholly }: Ending): readonly Action[] {
  if (container.busy === 'starting') return [{ kind: 'abort', container: container.name }];
  const run = latest(container);
  if (run?.state.status !== 'running') return [];
  const stopBy_ms = view.now_ms + grace_seconds * 1000;
  // A stop is under way: only a shorter grace period changes it.
  if (container.busy === 'stopping' && (container.stopBy_ms === undefined || container.stopBy_ms <= stopBy_ms + 1000)) return [];
  return [{ kind: 'stop', container: container.name, id: run.id, grace_seconds, words: `Stopping container ${container.name}`, drain: wholly }];
}

function isAlive(container: ContainerView): boolean {
  return container.busy !== undefined || isRunning(container);
}

function live(view: PodView): Decision {
  if (view.refusals.length > 0) return { actions: [] };
  const { sandbox } = view;
  if (sandbox.state === 'none') return { actions: [{ kind: 'set-up' }] };
  if (sandbox.state === 'busy') return { actions: [] };
  if (sandbox.state === 'waiting') return sandbox.until_ms <= view.now_ms ? { actions: [{ kind: 'set-up' }] } : { actions: [], wakeAt_ms: sandbox.until_ms };
  const steps = due(view).map((container) => step(view, container));
  const wakes = [...steps.map(({ wakeAt_ms }) => wakeAt_ms), deadline_ms(view.pod)].filter((at_ms) => at_ms !== undefined);
  return { actions: steps.flatMap(({ actions }) => actions), ...(wakes.length > 0 ? { wakeAt_ms: Math.min(...wakes) } : {}) };
}

/** The containers whose turn it is: those before the Pod's own one after the other, then all the rest; who looks into a Pod waits for none of them. */
function due(view: PodView): readonly ContainerView[] {
  const begun = hasBegun(view);
  const turn = view.containers.filter(({ role }) => role === 'ephemeral');
  for (const container of view.containers) {
    if (container.role === 'ephemeral') continue;
    if (container.role === 'init' && (begun || isInitDone(container))) continue;
    turn.push(container);
    if (container.role !== 'main' && !begun && !isInitDone(container)) break;
  }
  return turn;
}

function step(view: PodView, container: ContainerView): Decision {
  if (container.busy !== undefined) return { actions: [] };
  const run = latest(container);
  switch (run?.state.status) {
    case undefined:
    case 'created':
      return startAt(view, container, run?.attempt ?? container.nextAttempt, 0);
    case 'running': {
      if (container.unhealthy === undefined) return resizeStep(view, container, run.id);
      const grace_seconds = container.unhealthyGrace_seconds ?? view.pod.spec?.terminationGracePeriodSeconds ?? 30;
      return { actions: [{ kind: 'stop', container: container.name, id: run.id, grace_seconds, words: container.unhealthy, drain: false }] };
    }
    case 'exited':
      if (!restarts(view, container, run.state.exitCode)) return { actions: [] };
      return startAt(view, container, run.attempt + 1, notBefore(container.crash, run.state.finishedAt_ms, SLOW));
  }
}

function resizeStep(view: PodView, { name, resize }: ContainerView, id: string): Decision {
  if (resize === undefined) return { actions: [] };
  if (resize === 'update') {
    const at_ms = view.resizeUntil_ms ?? 0;
    return at_ms > view.now_ms ? { actions: [], wakeAt_ms: at_ms } : { actions: [{ kind: 'resize', container: name, id }] };
  }
  const grace_seconds = view.pod.spec?.terminationGracePeriodSeconds ?? 30;
  return { actions: [{ kind: 'stop', container: name, id, grace_seconds, words: `Container ${name} resize requires restart`, drain: false, resizes: true }] };
}

function startAt(view: PodView, container: ContainerView, attempt: number, at_ms: number): Decision {
  const due_ms = Math.max(at_ms, container.problem?.until_ms ?? 0);
  return due_ms > view.now_ms ? { actions: [], wakeAt_ms: due_ms } : { actions: [{ kind: 'start', container: container.name, attempt }] };
}

/** The newest run and the one before it (for `logs --previous` and `lastState`) are kept. */
function discards(view: PodView): readonly Action[] {
  return view.containers.flatMap(({ runs }) =>
    runs
      .slice(2)
      .filter(({ state }) => state.status !== 'running')
      .map(({ id }): Action => ({ kind: 'discard', id })),
  );
}
