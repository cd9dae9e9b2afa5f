import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '#kit';
import { tooManyRequests } from '../errors.ts';

const IDLE_MS = 5_000;
/** So many comparisons take about ten seconds: whoever comes later would wait in vain. */
const WAITING_MAX = 200;

interface Asked {
  readonly resolve: (isRight: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Compares passwords with hashes of bcrypt, one after the other, in a thread that lives as long as there is something to compare. */
export class Comparer {
  readonly #clock: Clock;
  readonly #asked = new Map<number, Asked>();
  #thread: Worker | undefined;
  #idle: Timer | undefined;
  #counter = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Errors: `TOOMANYREQUESTS`. */
  async compare(password: string, hash: string): Promise<boolean> {
    if (this.#asked.size >= WAITING_MAX) throw tooManyRequests(5, 'too many passwords are to be compared at once');
    const thread = (this.#thread ??= this.#start());
    this.#idle?.[Symbol.dispose]();
    thread.ref();
    const id = (this.#counter += 1);
    return await new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      thread.postMessage({ id, password, hash });
    });
  }

  async stop(): Promise<void> {
    await this.#end(new Error('the registry stops'));
  }

  #start(): Worker {
    const thread = new Worker(new URL('./bcrypt-worker.ts', import.meta.url), { name: 'gantry-bcrypt', execArgv: [] });
    thread.on('message', ({ id, isRight }: { readonly id: number; readonly isRight: boolean }) => this.#settle(id, isRight));
    thread.on('error', (error) => void this.#end(error));
    thread.on('exit', (code) => {
      if (this.#thread === thread) void this.#end(new Error(`the thread that compares passwords ended with ${code}`));
    });
    return thread;
  }

  #settle(id: number, isRight: boolean): void {
    this.#asked.get(id)?.resolve(isRight);
    this.#asked.delete(id);
    if (this.#asked.size > 0) return;
    this.#thread?.unref();
    this.#idle = this.#clock.setTimer(IDLE_MS, () => void this.#end(new Error('idle')));
    this.#idle.unref();
  }

  async #end(reason: Error): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#idle?.[Symbol.dispose]();
    for (const { reject } of this.#asked.values()) reject(reason);
    this.#asked.clear();
    await thread?.terminate();
  }
}
