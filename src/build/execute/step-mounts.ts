import type { MountSpec } from '#engine';

/** What the container is given. */
export interface StepMounts {
  readonly mounts: readonly MountSpec[];
  readonly environment: readonly string[];
}
