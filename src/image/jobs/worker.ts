import { parentPort, workerData } from 'node:worker_threads';
import { GantryError, messageOf } from '#kit';
import type { UnpackBounds } from '../bounds.ts';
import { perform } from './perform.ts';
import type { Job, JobReply } from './types.ts';

// A cast because what comes with a thread has no type: `JobRunner` gives it.
const { bounds } = workerData as { readonly bounds: UnpackBounds };

// The entry of a worker thread: one message is one job, one answer the other way.
parentPort?.on('message', ({ id, job }: { readonly id: number; readonly job: Job }) => {
  void answer(id, job).then((reply) => parentPort?.postMessage(reply));
});

async function answer(id: number, job: Job): Promise<JobReply> {
  try {
    return { id, answer: await perform(job, bounds) };
  } catch (error) {
    const failure = { message: messageOf(error), ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}) };
    return { id, failure: error instanceof GantryError ? { ...failure, code: error.code, status: error.status } : failure };
  }
}
