import { Worker } from 'node:worker_threads';
import { type Clock, GantryError, type Timer } from '#kit';
import type { UnpackBounds } from '../bounds.ts';
import { perform } from './perform.ts';
import type { Job, JobAnswers, JobReply } from './types.ts';

/** Below this a job is done at once: starting a worker thread costs more. */
export const INLINE_BYTES_MAX = 1024 * 1024;
/** How much these come to nobody knows before they are done: a compressed layer of a few bytes may hold anything. */
const UNKNOWN_IN_ADVANCE: readonly Job['kind'][] = ['unpack', 'compress', 'recompress'];
/** A worker thread that had nothing to do for so long is ended: each costs memory. */
const IDLE_MS = 5_000;
const WORKERS_MAX = 2;
/** Small, because what a thread reads is dropped at once, and is given back only when this space is full. */
const YOUNG_MB = 4;

interface Waiting {
  readonly id: number;
  readonly job: Job;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}
interface Thread {
  readonly worker: Worker;
  doing: Waiting | undefined;
  idle: Timer | undefined;
}

/** Does jobs: those known to be small on the calling thread, others in up to two worker threads that live as long as there is work. */
export class JobRunner {
  readonly #clock: Clock;
  readonly #entry: URL;
  readonly #bounds: UnpackBounds;
  readonly #threads = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  #counter = 0;
  #stopped = false;

  constructor(options: { readonly clock: Clock; readonly entry: URL; readonly bounds: UnpackBounds }) {
    this.#clock = options.clock;
    this.#entry = options.entry;
    this.#bounds = options.bounds;
  }

  /** `bytes` is about how much there is to read. */
  async run<K extends Job['kind']>(job: Extract<Job, { kind: K }>, bytes: number): Promise<JobAnswers[K]> {
    // A cast because the compiler does not see that the answer is of the job's kind.
    return (bytes < INLINE_BYTES_MAX && !UNKNOWN_IN_ADVANCE.includes(job.kind) ? await perform(job, this.#bounds) : await this.#enqueue(job)) as JobAnswers[K];
  }

  /** Starts a worker thread for what will be there to do soon. */
  warm(): void {
    if (this.#stopped || this.#threads.size > 0) return;
    this.#rest(this.#start());
  }

  /** Ends the worker threads; what they were doing fails. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const stopped = new GantryError('STOPPING', 503, 'Cannot finish the work on this layer: the daemon is stopping');
    for (const waiting of this.#queue.splice(0)) waiting.reject(stopped);
    await Promise.all([...this.#threads].map((thread) => this.#end(thread, stopped)));
  }

  #enqueue(job: Job): Promise<unknown> {
    if (this.#stopped) throw new GantryError('STOPPING', 503, 'Cannot start work on a layer: the daemon is stopping');
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: (this.#counter += 1), job, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const waiting = this.#queue[0];
    if (!waiting) return;
    let thread = [...this.#threads].find(({ doing }) => doing === undefined);
    if (!thread && this.#threads.size < WORKERS_MAX) thread = this.#start();
    if (!thread) return;
    this.#queue.shift();
    thread.idle?.[Symbol.dispose]();
    thread.doing = waiting;
    thread.worker.ref();
    thread.worker.postMessage({ id: waiting.id, job: waiting.job, bounds: this.#bounds });
  }

  #start(): Thread {
    const worker = new Worker(this.#entry, { name: 'gantry-image', execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    const thread: Thread = { worker, doing: undefined, idle: undefined };
    this.#threads.add(thread);
    thread.worker.on('message', (reply: JobReply) => this.#settle(thread, reply));
    thread.worker.on('error', (error) => void this.#end(thread, error));
    thread.worker.on('exit', (code) => void this.#end(thread, new Error(`The worker thread ended with ${code} while at work`)));
    return thread;
  }

  #settle(thread: Thread, reply: JobReply): void {
    const { doing } = thread;
    thread.doing = undefined;
    this.#rest(thread);
    if ('failure' in reply) doing?.reject(toError(reply.failure));
    else doing?.resolve(reply.answer);
    this.#next();
  }

  #rest(thread: Thread): void {
    thread.worker.unref();
    thread.idle = this.#clock.setTimer(IDLE_MS, () => void this.#end(thread, new Error('idle')));
    thread.idle.unref();
  }

  async #end(thread: Thread, reason: Error): Promise<void> {
    if (!this.#threads.delete(thread)) return;
    thread.idle?.[Symbol.dispose]();
    thread.doing?.reject(reason);
    await thread.worker.terminate();
    if (!this.#stopped) this.#next();
  }
}

function toError({ code, status, message, stack }: Extract<JobReply, { failure: unknown }>['failure']): Error {
  const error = code !== undefined && status !== undefined ? new GantryError(code, status, message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
