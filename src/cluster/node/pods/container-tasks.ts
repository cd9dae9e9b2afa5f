import { GantryError, messageOf } from '#kit';
import { QUICK, raise, SLOW } from './backoff.ts';
import type { ContainerState } from './container-state.ts';
import type { Action } from './decide.ts';
import type { PodContext } from './pod-context.ts';
import type { PodSandbox } from './pod-sandbox.ts';
import type { PodResize } from './resize.ts';
import { startContainer } from './start-container.ts';
import { drain, stopContainer, unlessAborted } from './stop-container.ts';
import type { PodTasks } from './tasks.ts';
import type { PodView } from './view.ts';

interface Parts {
  readonly context: () => PodContext;
  readonly tasks: PodTasks;
  readonly sandbox: PodSandbox;
  readonly resize: PodResize;
  readonly address: () => string;
}

/** What is done to one Pod's containers: starts, stops and changes, each beside the looks at the Pod. */
export class ContainerTasks {
  readonly #parts: Parts;
  /** Made when something is waited for that a stop must end. */
  #letGo: AbortController | undefined;
  #stopped = false;
  #drained: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Waits for no stop any longer. */
  letGo(): void {
    this.#stopped = true;
    this.#letGo?.abort(new Error('the agent stops'));
  }

  beginStart(state: ContainerState, attempt: number, view: PodView): void {
    const context = this.#parts.context();
    const sandbox = this.#parts.sandbox.made;
    if (sandbox === undefined) return;
    const ranBefore = view.containers.find(({ name }) => name === state.name)?.runs.some((run) => run.state.status === 'exited') === true;
    if (ranBefore) state.crash = raise(state.crash, context.agent.clock.now(), SLOW);
    const abort = new AbortController();
    state.busy = 'starting';
    state.abort = abort;
    this.#parts.tasks.run(
      async () => {
        try {
          await startContainer(context, { container: state.spec, attempt, sandbox, signal: abort.signal });
          state.problem = undefined;
          state.problemBackoff = undefined;
        } catch (error) {
          if (!abort.signal.aborted) keepProblem(state, error, context.agent.clock.now());
        }
      },
      () => {
        state.busy = undefined;
        state.abort = undefined;
      },
    );
  }

  beginStop(state: ContainerState, action: Extract<Action, { kind: 'stop' }>, now_ms: number): void {
    const { tasks, resize, address } = this.#parts;
    const context = this.#parts.context();
    if (action.resizes) resize.restarting(state, action.id);
    const hastens = state.busy === 'stopping';
    state.busy = 'stopping';
    state.stopBy_ms = now_ms + action.grace_seconds * 1000;
    const signal = this.#untilLetGo();
    if (hastens) return tasks.run(() => unlessAborted(context.agent.runtime.stopContainer(action.id, action.grace_seconds), signal));
    const drained = action.drain ? (this.#drained ??= drain(context, address(), action.grace_seconds)) : Promise.resolve();
    const { id, grace_seconds, words } = action;
    tasks.run(
      () => stopContainer(context, { container: state.spec, id, grace_seconds, words, address: address(), drained, signal }),
      () => {
        state.busy = undefined;
        state.stopBy_ms = undefined;
      },
    );
  }

  beginResize(state: ContainerState, id: string): void {
    const { tasks, resize, context } = this.#parts;
    state.busy = 'resizing';
    tasks.run(
      () => resize.apply(context(), state, id),
      () => {
        // A stop that came meanwhile goes on.
        if (state.busy === 'resizing') state.busy = undefined;
      },
    );
  }

  #untilLetGo(): AbortSignal {
    this.#letGo ??= new AbortController();
    if (this.#stopped) this.#letGo.abort(new Error('the agent stops'));
    return this.#letGo.signal;
  }
}

function keepProblem(state: ContainerState, error: unknown, now_ms: number): void {
  const reason = error instanceof GantryError ? error.code : 'CreateContainerError';
  const limits = reason === 'CreateContainerConfigError' ? QUICK : SLOW;
  state.problemBackoff = raise(state.problemBackoff, now_ms, limits);
  state.problem = { reason, message: messageOf(error), at_ms: now_ms, until_ms: now_ms + state.problemBackoff.delay_ms };
}
