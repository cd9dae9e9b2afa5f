import { parentPort } from 'node:worker_threads';
import { GantryError, messageOf } from '#kit';
import type { UnpackBounds } from '../bounds.ts';
import { perform } from './perform.ts';
import type { Job, JobReply } from './types.ts';

// The entry of a worker thread: one message is one job, one answer the other way.
parentPort?.on('message', ({ id, job, bounds }: { readonly id: number; readonly job: Job; readonly bounds: UnpackBounds }) => {
  void answer(id, job, bounds).then((reply) => parentPort?.postMessage(reply));
});

async function answer(id: number, job: Job, bounds: UnpackBounds): Promise<JobReply> {
  try {
    return { id, answer: await perform(job, bounds) };
  } catch (error) {
    const failure = { message: messageOf(error), ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}) };
    return { id, failure: error instanceof GantryError ? { ...failure, code: error.code, status: error.status } : failure };
  }
}
