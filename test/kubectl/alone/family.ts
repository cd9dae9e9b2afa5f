import type { Plane, Space } from '../../support/plane.ts';

/** The cases of one family of commands: one after another, in one space. */
export interface Family {
  readonly title: string;
  /** What is there before the first of them. */
  prepare?(k: Space, plane: Plane): Promise<void>;
  readonly cases: Readonly<Record<string, (k: Space, plane: Plane) => Promise<void>>>;
}
