import type { Stage } from './stage.ts';
import { build } from './steps/build.ts';
import { builtOnly } from './steps/built-only.ts';
import { baseImage } from './steps/base-image.ts';
import { crash } from './steps/crash.ts';
import { downAndUp } from './steps/down-and-up.ts';
import { orchestrate } from './steps/orchestrate.ts';
import { packed } from './steps/packed.ts';
import { runContainers } from './steps/run-containers.ts';
import { ship } from './steps/ship.ts';
import { start } from './steps/start.ts';

/** One step of the walk-through. */
export interface Step {
  readonly number: number;
  readonly title: string;
  /** Steps whose results it uses. */
  readonly after: readonly number[];
  play(stage: Stage): Promise<void>;
}

const STEPS: readonly Step[] = [
  { number: 1, title: 'start everything', after: [], play: start },
  { number: 2, title: 'make a base image', after: [1], play: baseImage },
  { number: 3, title: 'build an image, and again from the cache', after: [2], play: build },
  { number: 4, title: 'ship it to the registry and back', after: [3], play: ship },
  { number: 5, title: 'run it as a container', after: [4], play: runContainers },
  { number: 6, title: 'orchestrate it', after: [4], play: orchestrate },
  { number: 7, title: 'run in a Pod what was only built', after: [3], play: builtOnly },
  { number: 8, title: 'kill -9 the daemon', after: [4], play: crash },
  { number: 9, title: 'take it down, and up again', after: [4], play: downAndUp },
  { number: 10, title: 'install the package elsewhere', after: [], play: packed },
];

/** The steps to play: all, or one and what it stands on; none where there is no such step. */
export function chooseSteps(only: number | undefined): readonly Step[] {
  if (only === undefined) return STEPS;
  const wanted = new Set<number>();
  const want = (number: number) => {
    wanted.add(number);
    STEPS.find((step) => step.number === number)?.after.forEach(want);
  };
  want(only);
  return STEPS.filter(({ number }) => wanted.has(number));
}
