import { PassThrough } from 'node:stream';
import type { ContainerRuntime, RuntimeContainer, RuntimeContainerSpec } from '#cluster/node';
import { type Clock, GantryError, type LogLine, type LogQuery, type ProcessStreams, type Timer } from '#kit';
import type { ContainerScript, ImageScript, Run } from './script.ts';

const EXIT_ON_SIGNAL = 143;
const EXIT_ON_KILL = 137;

interface Process {
  readonly script: ContainerScript;
  container: RuntimeContainer;
  timer: Timer | undefined;
  readonly waiting: (() => void)[];
}
/** What a runtime holds, for another one to go on from. Plain data but for the scripts. */
export interface RuntimeState {
  readonly next: number;
  readonly processes: readonly Pick<Process, 'script' | 'container'>[];
}
export interface SimulatedRuntimeOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly script: (run: Run) => ContainerScript;
  readonly images: ImageScript;
  readonly from?: RuntimeState;
}

/** A runtime that runs nothing: containers go through their states as their scripts say. */
export class SimulatedRuntime implements ContainerRuntime {
  readonly name = 'simulated';
  readonly version = '1';
  readonly #options: SimulatedRuntimeOptions;
  readonly #processes = new Map<string, Process>();
  readonly #listeners = new Set<(podUid: string) => void>();
  readonly #pulled = new Set<string>();
  #next: number;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#next = options.from?.next ?? 0;
    for (const { script, container } of options.from?.processes ?? []) {
      const process: Process = { script, container, timer: undefined, waiting: [] };
      this.#processes.set(container.id, process);
      if (container.state.status === 'running') this.#planExit(process, options.clock.now() - container.state.startedAt_ms);
    }
  }

  async ensureImage(
    reference: string,
    policy: 'Always' | 'IfNotPresent' | 'Never',
    signal: AbortSignal,
    onPull?: () => void,
  ): Promise<{ readonly imageId: string }> {
    const imageId = `simulated://${reference}`;
    if (this.#pulled.has(reference) && policy !== 'Always') return { imageId };
    const how = this.#options.images(reference);
    if (how === undefined && policy !== 'Always') return { imageId };
    if (how !== undefined && policy === 'Never')
      throw new GantryError('ErrImageNeverPull', 500, `Container image "${reference}" is not present with pull policy of Never`);
    onPull?.();
    if (how === 'missing') throw new GantryError('ErrImagePull', 404, `${reference}: not found`);
    if (how !== undefined && how.pull_ms > 0) await this.#options.clock.sleep(how.pull_ms, signal);
    this.#pulled.add(reference);
    return { imageId };
  }

  async createContainer(spec: RuntimeContainerSpec): Promise<string> {
    const { pod, container, attempt, image, command = [], args = [], environment } = spec;
    const id = `${this.#options.node}-${this.#next++}`;
    const script = this.#options.script({ pod, node: this.#options.node, container, image, command: [...command, ...args], environment, attempt });
    const created: RuntimeContainer = {
      id,
      podUid: pod.uid,
      podNamespace: pod.namespace,
      podName: pod.name,
      container,
      attempt,
      image,
      imageId: `simulated://${image}`,
      created_ms: this.#options.clock.now(),
      state: { status: 'created' },
    };
    this.#processes.set(id, { script, container: created, timer: undefined, waiting: [] });
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const process = this.#get(id);
    const now_ms = this.#options.clock.now();
    const { startFails } = process.script;
    if (startFails !== undefined) {
      this.#become(process, { status: 'exited', exitCode: 128, oomKilled: false, startedAt_ms: 0, finishedAt_ms: now_ms, message: startFails });
      throw new GantryError('START_FAILED', 500, startFails);
    }
    this.#become(process, { status: 'running', startedAt_ms: now_ms });
    this.#planExit(process, 0);
  }

  async stopContainer(id: string, gracePeriod_seconds: number): Promise<void> {
    const process = this.#get(id);
    if (process.container.state.status !== 'running') return;
    const grace_ms = gracePeriod_seconds * 1000;
    const stops_ms = process.script.stopsAfter_ms ?? 0;
    const isKilled = stops_ms > grace_ms;
    const ended = new Promise<void>((resolve) => process.waiting.push(resolve));
    this.#plan(process, isKilled ? grace_ms : stops_ms, { code: isKilled ? EXIT_ON_KILL : EXIT_ON_SIGNAL });
    await ended;
  }

  async removeContainer(id: string): Promise<void> {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    process.timer?.[Symbol.dispose]();
    this.#processes.delete(id);
    this.#tell(process);
  }

  /** A process that follows a script needs nothing, so that any limits suit it. */
  async updateContainer(id: string): Promise<void> {
    this.#get(id);
  }

  async listContainers(): Promise<readonly RuntimeContainer[]> {
    return [...this.#processes.values()].map(({ container }) => container);
  }

  onChange(listener: (podUid: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async exec(id: string, { command }: { readonly command: readonly string[] }): Promise<ProcessStreams> {
    const { code, stdout = '', stderr = '' } = this.#get(id).script.exec?.(command) ?? { code: 0 };
    return { stdout: streamOf(stdout), stderr: streamOf(stderr), resize: async () => undefined, exited: Promise.resolve(code), detach: () => undefined };
  }

  async attach(id: string): Promise<ProcessStreams> {
    const process = this.#get(id);
    const [stdout, stderr] = [new PassThrough(), streamOf('')];
    const exited = new Promise<number>((resolve) => {
      const end = () => {
        stdout.end();
        resolve(process.container.state.status === 'exited' ? process.container.state.exitCode : 0);
      };
      if (process.container.state.status === 'exited') end();
      else process.waiting.push(end);
    });
    return { stdout, stderr, resize: async () => undefined, exited, detach: () => void stdout.end() };
  }

  async *logs(id: string, { tail, follow, signal }: LogQuery): AsyncIterable<LogLine> {
    const process = this.#get(id);
    const { log = [] } = process.script;
    const { state, created_ms } = process.container;
    const time = new Date(state.status === 'created' ? created_ms : state.startedAt_ms).toISOString();
    const lines = state.status === 'created' ? [] : log.slice(tail === undefined ? 0 : Math.max(0, log.length - tail));
    for (const line of lines) yield { time, stream: 'stdout', content: Buffer.from(`${line}\n`), partial: false };
    if (!follow || state.status === 'exited') return;
    await new Promise<void>((resolve) => {
      process.waiting.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async stats(id: string): Promise<{ readonly cpu_total_ns: number; readonly memory_working_set_bytes: number; readonly read_ms: number }> {
    const { container, script } = this.#get(id);
    const read_ms = this.#options.clock.now();
    const { cpu_millicores, memory_bytes } = script.usage ?? { cpu_millicores: 0, memory_bytes: 0 };
    const ran_ms = container.state.status === 'running' ? read_ms - container.state.startedAt_ms : 0;
    return { cpu_total_ns: ran_ms * cpu_millicores * 1000, memory_working_set_bytes: memory_bytes, read_ms };
  }

  /** Whether a server in the Pod answers now, and with which status to HTTP. */
  serving(podUid: string): { readonly httpStatus: number } | undefined {
    const now_ms = this.#options.clock.now();
    for (const { container, script } of this.#processes.values()) {
      const { state } = container;
      if (container.podUid !== podUid || state.status !== 'running' || now_ms - state.startedAt_ms < (script.servesAfter_ms ?? 0)) continue;
      return { httpStatus: script.httpStatus ?? 200 };
    }
    return undefined;
  }

  lastWords(podUid: string, container: string, attempt: number): string {
    for (const process of this.#processes.values()) {
      const run = process.container;
      if (run.podUid === podUid && run.container === container && run.attempt === attempt && run.state.status === 'exited')
        return process.script.lastWords ?? '';
    }
    return '';
  }

  /** A running process ends now. Errors: `CONTAINER_UNKNOWN`. */
  exit(id: string, code: number, oomKilled = false): void {
    this.#end(this.#get(id), code, oomKilled);
  }

  /** As when the machine loses its power: everything ends, and nobody is told. */
  lose(): void {
    this.#listeners.clear();
    for (const process of this.#processes.values()) this.#end(process, EXIT_ON_KILL, false);
  }

  state(): RuntimeState {
    return { next: this.#next, processes: [...this.#processes.values()].map(({ script, container }) => ({ script, container })) };
  }

  /** Its timers are gone; nothing happens any more. */
  [Symbol.dispose](): void {
    for (const { timer } of this.#processes.values()) timer?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  #planExit(process: Process, ran_ms: number): void {
    const { exits } = process.script;
    if (exits !== undefined) this.#plan(process, exits.after_ms - ran_ms, exits);
  }

  #plan(process: Process, after_ms: number, { code, oomKilled = false }: { readonly code: number; readonly oomKilled?: boolean }): void {
    process.timer?.[Symbol.dispose]();
    if (after_ms <= 0) this.#end(process, code, oomKilled);
    else process.timer = this.#options.clock.setTimer(after_ms, () => this.#end(process, code, oomKilled));
  }

  #end(process: Process, exitCode: number, oomKilled: boolean): void {
    const { state } = process.container;
    if (state.status !== 'running') return;
    process.timer?.[Symbol.dispose]();
    this.#become(process, { status: 'exited', exitCode, oomKilled, startedAt_ms: state.startedAt_ms, finishedAt_ms: this.#options.clock.now() });
    for (const resolve of process.waiting.splice(0)) resolve();
  }

  #become(process: Process, state: RuntimeContainer['state']): void {
    process.container = { ...process.container, state };
    this.#tell(process);
  }

  #get(id: string): Process {
    const process = this.#processes.get(id);
    if (process === undefined) throw new GantryError('CONTAINER_UNKNOWN', 404, `there is no container ${id}`);
    return process;
  }

  #tell({ container }: Process): void {
    for (const listener of this.#listeners) listener(container.podUid);
  }
}

function streamOf(text: string): PassThrough {
  const stream = new PassThrough();
  stream.end(text);
  return stream;
}
