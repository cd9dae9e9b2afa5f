import { after, suite } from 'node:test';
import { startPlane } from '../support/plane.ts';
import { createCommands } from './alone/create.ts';

const SPACES = 80;
/** As many families of commands are at work side by side; each has namespaces of its own. */
const AT_ONCE = 4;

/** kubectl as people type it, with what it answers, against a control plane with neither node nor scheduler. */
const plane = await startPlane(SPACES);
after(() => plane[Symbol.asyncDispose]());

suite('kubectl against a control plane alone', { concurrency: AT_ONCE }, () => {
  createCommands(plane);
});
