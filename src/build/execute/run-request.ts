import type { Layer } from '#image';
import type { RunOperation } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import type { MountRoots } from './mounts.ts';

/** What a RUN step needs to run. */
export interface RunRequest {
  readonly session: BuildSession;
  readonly operation: RunOperation;
  readonly layers: readonly Layer[];
  readonly roots: MountRoots;
  readonly epoch_ms: number | undefined;
  /** What the builder says of the step. */
  readonly say: (text: string) => void | Promise<void>;
  /** What the step's program writes. */
  readonly write: (text: string) => void | Promise<void>;
}
