import { after, before, suite, test } from 'node:test';
import { type Space, startPlane } from '../support/plane.ts';
import { ACCESS } from './alone/access.ts';
import { APPLY } from './alone/apply.ts';
import { BATCH } from './alone/batch.ts';
import { CHANGE } from './alone/change.ts';
import { CLIENT } from './alone/client.ts';
import { CREATE } from './alone/create.ts';
import { DELETE } from './alone/delete.ts';
import { DESCRIBE } from './alone/describe.ts';
import { EXPLAIN } from './alone/explain.ts';
import type { Family } from './alone/family.ts';
import { GET } from './alone/get.ts';
import { NODES } from './alone/nodes.ts';
import { WAIT } from './alone/wait.ts';
import { WORKLOADS } from './alone/workloads.ts';

const FAMILIES: readonly Family[] = [CREATE, GET, CHANGE, APPLY, DELETE, DESCRIBE, EXPLAIN, WORKLOADS, WAIT, NODES, ACCESS, CLIENT, BATCH];
const SPACES = 60;
/** As many families of commands are at work side by side; each has namespaces of its own. */
const AT_ONCE = 4;

/** Cases whose ground is being laid elsewhere: the controller of Jobs. */
const AWAITED = ['job: of an image, of a CronJob'];

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
      for (const [name, perform] of Object.entries(cases)) test(name, { todo: AWAITED.includes(name) }, () => perform(space, plane));
    });
});
