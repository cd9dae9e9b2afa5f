import type { V1Container, V1ResourceRequirements } from '#cluster/api';
import type { ContainerProbes } from '../probes/container-probes.ts';
import type { BackoffEntry } from './backoff.ts';
import type { ContainerRole, Problem } from './view.ts';

/** What the agent remembers of a container between two looks at it. Lost with the process: the next one finds out again. */
export interface ContainerState {
  readonly name: string;
  readonly role: ContainerRole;
  /** Its resources are those that the node has granted. */
  spec: V1Container;
  /** The resources that a run of it has. */
  actuated: { readonly runId: string; readonly resources: V1ResourceRequirements | undefined } | undefined;
  busy: 'starting' | 'stopping' | 'resizing' | undefined;
  stopBy_ms: number | undefined;
  /** Gives up a start. */
  abort: AbortController | undefined;
  problem: (Problem & { readonly at_ms: number }) | undefined;
  problemBackoff: BackoffEntry | undefined;
  crash: BackoffEntry | undefined;
  probes: { readonly runId: string; readonly probes: ContainerProbes } | undefined;
  /** The ended run about whose back-off an event was written. */
  backoffSaid: string | undefined;
}

export function newContainerState(spec: V1Container, role: ContainerRole): ContainerState {
  return {
    name: spec.name,
    role,
    spec,
    actuated: undefined,
    busy: undefined,
    stopBy_ms: undefined,
    abort: undefined,
    problem: undefined,
    problemBackoff: undefined,
    crash: undefined,
    probes: undefined,
    backoffSaid: undefined,
  };
}
