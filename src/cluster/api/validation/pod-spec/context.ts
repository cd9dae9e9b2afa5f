import type { V1Container, V1EphemeralContainer, V1PodSpec, V1Volume } from '../../generated/types.ts';
import type { ObjectMeta } from '../../types.ts';

/** Where a Pod's spec stands. */
export interface SpecPlace {
  /** In a Pod, not in a template. */
  readonly isPod: boolean;
  /** The Pod's own. */
  readonly metadata?: ObjectMeta;
}

/** What the rules of a container need to know of its Pod. */
export interface ContainerPlace extends SpecPlace {
  readonly spec: V1PodSpec;
  /** The volumes that are in order, by name. */
  readonly volumes: ReadonlyMap<string, V1Volume>;
  readonly claims: ReadonlySet<string>;
  readonly hostUsers: boolean;
  readonly gracePeriod_s: number | undefined;
}

/** A container of any of a spec's three lists. */
export type AnyContainer = V1Container | V1EphemeralContainer;

/** Every container of a spec with its path: init containers first. */
export function eachContainer(spec: V1PodSpec, path: string): readonly (readonly [string, AnyContainer])[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => [`${path}.${list}[${index}]`, container] as const),
  );
}
