import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Target } from './http-connection.ts';

/** What is sent again and again; `#` in path and body stands for the number of the request. */
export interface Repeated {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
}
export type Command =
  | { readonly do: 'target'; readonly target: Target }
  /** So many requests, or for so long, over so many connections. `first` is the first request's number. */
  | { readonly do: 'repeat'; readonly request: Repeated; readonly clients: number; readonly seconds?: number; readonly count?: number; readonly first: number }
  /** Watches of one path, each on a connection of its own; answered when all of them are open. */
  | { readonly do: 'watch'; readonly path: string; readonly watchers: number }
  /** Changes, one after the other, each until all watchers have it. */
  | { readonly do: 'change'; readonly request: Repeated; readonly rounds: number; readonly first: number }
  /** Asks until there is an answer of 200. */
  | { readonly do: 'ready'; readonly path: string };

export interface Answered {
  /** How many requests were answered. */
  readonly count: number;
  readonly took_ms: number;
  /** Of each request, or of each change: sorted. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** What the bodies of the answers held. */
  readonly bytes: number;
  /** Processor time of the client itself meanwhile. */
  readonly cpu_ms: number;
  /** The part of the time in which the client's event loop had work: near 1 the client was the bottleneck. */
  readonly busy: number;
  /** By the clock that all processes share. */
  readonly ended_at_ms: number;
  /** Each of a change's or of a few requests' times. */
  readonly times_ms: readonly number[];
}

/** The load client as this process sees it. */
export class LoadClient implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  /** `spawn` begins a command where the server can be reached. */
  static async start(spawn: (command: readonly string[]) => ChildProcessWithoutNullStreams): Promise<LoadClient> {
    return new LoadClient(spawn([process.execPath, '--no-warnings', new URL('./load.ts', import.meta.url).pathname]));
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    child.stderr.pipe(process.stderr);
  }

  /** Errors: where the client ended, or where the server refused what was asked. */
  async ask(command: Command): Promise<Answered> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('the load client ended');
    const answer = JSON.parse(line.value) as Answered | { readonly problem: string }; // as load-tasks.ts makes it
    if ('problem' in answer) throw new Error(answer.problem);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
    this.#reader.close();
  }
}
