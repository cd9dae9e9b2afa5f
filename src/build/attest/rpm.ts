import { Worker } from 'node:worker_threads';
import { type Clock, messageOf } from '#kit';
import { BuildStepError } from '../errors.ts';
import { whenAborted } from '../when-aborted.ts';
import type { Package } from './packages.ts';

/** What the thread that reads a database says. */
export type RpmAnswer = { readonly packages: readonly Package[] } | { readonly problem: string };

/** How long a database may take: one that was made to keep its reader busy is given up. */
const READING_MS_MAX = 30_000;

/** The packages of an rpm database (sqlite), read by a thread of its own. Errors: `BUILD_STEP_FAILED`. Aborts with the signal's reason. */
export async function rpmPackages(path: string, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<readonly Package[]> {
  const thread = new Worker(new URL('./rpm-worker.ts', import.meta.url), { name: 'gantry-rpm', execArgv: [], workerData: path });
  try {
    const ended = Promise.withResolvers<RpmAnswer>();
    using _limit = clock.setTimer(READING_MS_MAX, () => ended.reject(new Error('it takes too long')));
    thread.once('message', ended.resolve).once('error', ended.reject);
    thread.once('exit', (code) => ended.reject(new Error(`the thread that reads it ended with ${code}`)));
    const answer = await Promise.race([ended.promise, whenAborted(signal)]);
    if ('problem' in answer) throw new Error(answer.problem);
    return answer.packages;
  } catch (error) {
    signal.throwIfAborted();
    throw new BuildStepError(`Cannot tell what is in the image: its rpm database does not read: ${messageOf(error)}`, { cause: error });
  } finally {
    await thread.terminate();
  }
}
