import type { KubeObject } from './types.ts';

/** The project's own kinds. */
export const OWN_GROUP = { group: 'gantry.dev', version: 'v1' } as const;

/** `GET …/pods/NAME/why`: what keeps a Pod from running or from being ready, as data. Never stored. */
export interface PodWhy extends KubeObject {
  /** Whether nothing does. */
  readonly ok: boolean;
  /** Step by step, the Pod's phase first; what is well among them. */
  readonly findings: readonly PodFinding[];
  /** Of a Pod that waits for a node: in the words of its PodScheduled condition. */
  readonly message?: string;
  /** Of a Pod that waits for a node: every node of the cluster. */
  readonly nodes?: readonly NodeWhy[];
}

export interface PodFinding {
  readonly step: string;
  readonly ok: boolean;
  /** For programs: `CrashLoopBackOff`, `MissingConfigMap`, `InsufficientResource`, … */
  readonly code: string;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
  /** The container that it is about, and which run's log may tell more. */
  readonly container?: string;
  readonly log?: 'current' | 'previous';
}

export interface NodeWhy {
  readonly name: string;
  readonly fits: boolean;
  /** All that keeps the Pod off the node; those of the first plugin are the ones that the Pod's condition counts. */
  readonly reasons: readonly NodeReason[];
}

export interface NodeReason {
  /** The scheduler's plugin that objects. */
  readonly plugin: string;
  readonly code: string;
  /** In kube-scheduler's words. */
  readonly message: string;
  /** What is wanted and what is there. */
  readonly values: Readonly<Record<string, string>>;
  /** What would let the Pod in. */
  readonly advice: string;
}
