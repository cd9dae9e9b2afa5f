import type { V1Container, V1Pod, V1ResourceRequirements } from '#cluster/api';
import type { RuntimeContainer } from '../types.ts';
import type { BackoffEntry } from './backoff.ts';

/** An init container that ends, one that stays (`restartPolicy: Always`), one of the Pod's own, or one that was added to look into it. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** Why a start did not come about. */
export interface Problem {
  /** `ErrImagePull`, `CreateContainerConfigError`, … */
  readonly reason: string;
  readonly message: string;
  /** When to try again. */
  readonly until_ms: number;
}

/** One container of a Pod as the agent sees it now. */
export interface ContainerView {
  readonly name: string;
  readonly role: ContainerRole;
  readonly spec: V1Container;
  /** What the runtime has of it, newest first. */
  readonly runs: readonly RuntimeContainer[];
  readonly busy: 'starting' | 'stopping' | 'resizing' | undefined;
  /** When the stop that is under way resorts to SIGKILL. */
  readonly stopBy_ms?: number;
  readonly problem?: Problem;
  readonly crash?: BackoffEntry;
  /** The startup probe succeeded, or there is none. */
  readonly started: boolean;
  readonly ready: boolean;
  /** A probe demands that it be ended: the words of the event. */
  readonly unhealthy?: string;
  readonly unhealthyGrace_seconds?: number;
  /** What its newest run has of resources, where it runs. */
  readonly actuated?: V1ResourceRequirements;
  /** It has other resources than it was granted, and gets them so. */
  readonly resize?: 'update' | 'restart';
  /** The number of the next run where the runtime has none: above 0 after the machine lost them. */
  readonly nextAttempt: number;
}

export type SandboxView =
  | { readonly state: 'none' | 'busy' }
  | { readonly state: 'waiting'; readonly until_ms: number; readonly message: string }
  | { readonly state: 'ready'; readonly address: string };

/** About a change of a Pod's resources. */
export interface ResizeWords {
  /** Of the Pod, whose change it is. */
  readonly generation: number;
  readonly reason?: 'Deferred' | 'Infeasible' | 'Error';
  readonly message?: string;
}
export interface ResizeView {
  /** Asked for, and not granted. */
  readonly pending?: ResizeWords;
  /** Granted, and not done. */
  readonly progress?: ResizeWords;
}

/** All that a decision about a Pod depends on. */
export interface PodView {
  readonly pod: V1Pod;
  readonly now_ms: number;
  /** Fields that this agent can't do: the Pod then isn't started. */
  readonly refusals: readonly string[];
  readonly sandbox: SandboxView;
  readonly tearDown: 'none' | 'busy' | 'done';
  /** The API has it no longer. */
  readonly gone: boolean;
  readonly resize?: ResizeView;
  /** A change of resources that failed is tried again then. */
  readonly resizeUntil_ms?: number;
  /** Init containers first, in their order; those that were added last. */
  readonly containers: readonly ContainerView[];
}

/** What the container is doing, from its newest run. */
export function latest(container: ContainerView): RuntimeContainer | undefined {
  return container.runs[0];
}

export function isRunning(container: ContainerView): boolean {
  return latest(container)?.state.status === 'running';
}

/** The exit code of its newest run, where that has ended. */
export function exitCodeOf(container: ContainerView): number | undefined {
  const state = latest(container)?.state;
  return state?.status === 'exited' ? state.exitCode : undefined;
}

/** Whether the container is to run again after it ended so. Pure. */
export function restarts(view: PodView, container: ContainerView, exitCode: number): boolean {
  if (container.role === 'sidecar') return true;
  if (container.role === 'ephemeral') return false;
  const policy = view.pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  if (container.role === 'init' || policy === 'OnFailure') return exitCode !== 0;
  return true;
}
