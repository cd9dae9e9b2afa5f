import { after, before, suite, test } from 'node:test';
import { type Space, startPlane } from '../support/plane.ts';
import { CREATE } from './alone/create.ts';
import type { Family } from './alone/family.ts';
import { GET } from './alone/get.ts';

const FAMILIES: readonly Family[] = [CREATE, GET];
const SPACES = 60;
/** As many families of commands are at work side by side; each has namespaces of its own. */
const AT_ONCE = 4;

const plane = await startPlane(SPACES);
after(() => plane[Symbol.asyncDispose]());

// kubectl as people type it, and what it answers, with neither node nor scheduler.
suite('against a control plane alone,', { concurrency: AT_ONCE }, () => {
  for (const { title, prepare, cases } of FAMILIES)
    suite(title, { concurrency: 1 }, () => {
      let space: Space;
      before(async () => {
        space = await plane.space();
        await prepare?.(space, plane);
      });
      for (const [name, perform] of Object.entries(cases)) test(name, () => perform(space, plane));
    });
});
