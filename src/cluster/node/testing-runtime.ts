import { PassThrough } from 'node:stream';
import { type Clock, GantryError, type LogLine, type ProcessStreams } from '#kit';
import type { ContainerRuntime, PodNetwork, RuntimeContainer, RuntimeContainerSpec } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A runtime that runs nothing: containers go through their states as a test says. For tests and simulated nodes. */
export class TestingRuntime implements ContainerRuntime {
  readonly name = 'testing';
  readonly version = '1';
  readonly specs = new Map<string, RuntimeContainerSpec>();
  readonly calls: string[] = [];
  /** Images that no registry has. */
  readonly missingImages = new Set<string>();
  /** Containers whose process can't be started, with the words. */
  readonly unstartable = new Map<string, string>();
  /** Words with which a change of limits is refused. */
  refusedUpdate: string | undefined;
  memoryUsed_bytes = 1 << 20;
  /** What commands in containers exit with. */
  exitCodes: (container: string, command: readonly string[]) => number = () => 0;
  readonly #clock: Clock;
  readonly #containers = new Map<string, Mutable<RuntimeContainer>>();
  readonly #listeners = new Set<(podUid: string) => void>();
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async ensureImage(reference: string, policy: string, _signal: AbortSignal, onPull?: () => void): Promise<{ imageId: string }> {
    this.calls.push(`image ${reference}`);
    if (policy === 'Always') onPull?.();
    if (this.missingImages.has(reference)) throw new GantryError('ErrImagePull', 404, `${reference}: not found`);
    return { imageId: `sha256:${reference}` };
  }

  async createContainer(spec: RuntimeContainerSpec): Promise<string> {
    const id = `run-${this.#next++}`;
    this.calls.push(`create ${spec.container}/${spec.attempt}`);
    this.specs.set(id, spec);
    const { uid, namespace, name } = spec.pod;
    const { container, attempt, image } = spec;
    this.#containers.set(id, {
      id,
      podUid: uid,
      podNamespace: namespace,
      podName: name,
      container,
      attempt,
      image,
      imageId: `sha256:${image}`,
      created_ms: this.#clock.now(),
      state: { status: 'created' },
    });
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const run = this.#get(id);
    this.calls.push(`start ${run.container}/${run.attempt}`);
    const refusal = this.unstartable.get(run.container);
    if (refusal !== undefined) {
      run.state = { status: 'exited', exitCode: 128, oomKilled: false, startedAt_ms: 0, finishedAt_ms: this.#clock.now(), message: refusal };
      this.#tell(run);
      throw new GantryError('START_FAILED', 500, refusal);
    }
    run.state = { status: 'running', startedAt_ms: this.#clock.now() };
    this.#tell(run);
  }

  async stopContainer(id: string, gracePeriod_seconds: number): Promise<void> {
    const run = this.#get(id);
    this.calls.push(`stop ${run.container}/${run.attempt} ${gracePeriod_seconds}`);
    this.exit(id, 143);
  }

  async removeContainer(id: string): Promise<void> {
    const run = this.#containers.get(id);
    if (run === undefined) return;
    this.calls.push(`remove ${run.container}/${run.attempt}`);
    this.#containers.delete(id);
    this.#tell(run);
  }

  async updateContainer(id: string, { limits, requests }: Pick<RuntimeContainerSpec, 'limits' | 'requests'>): Promise<void> {
    const run = this.#get(id);
    this.calls.push(`update ${run.container}/${run.attempt} ${JSON.stringify({ limits, requests })}`);
    if (this.refusedUpdate !== undefined) throw new GantryError('UPDATE_FAILED', 500, this.refusedUpdate);
  }

  async listContainers(): Promise<readonly RuntimeContainer[]> {
    return [...this.#containers.values()].map((run) => ({ ...run }));
  }

  onChange(listener: (podUid: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async exec(id: string, { command }: { readonly command: readonly string[] }): Promise<ProcessStreams> {
    const run = this.#get(id);
    this.calls.push(`exec ${run.container} ${command.join(' ')}`);
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    stdout.end();
    stderr.end();
    return { stdout, stderr, resize: async () => undefined, exited: Promise.resolve(this.exitCodes(run.container, command)), detach: () => undefined };
  }

  attach(id: string): Promise<ProcessStreams> {
    return this.exec(id, { command: [] });
  }

  async *logs(id: string): AsyncIterable<LogLine> {
    const run = this.#get(id);
    yield { time: new Date(run.created_ms).toISOString(), stream: 'stdout', content: Buffer.from(`${run.container}/${run.attempt}\n`), partial: false };
  }

  async stats(id: string): Promise<{ cpu_total_ns: number; memory_working_set_bytes: number; read_ms: number }> {
    this.#get(id);
    const read_ms = this.#clock.now();
    // Half a core, since the beginning of time.
    return { cpu_total_ns: read_ms * 500_000, memory_working_set_bytes: this.memoryUsed_bytes, read_ms };
  }

  /** The process of a running container ends by itself. */
  exit(id: string, exitCode: number): void {
    const run = this.#get(id);
    if (run.state.status !== 'running') return;
    run.state = { status: 'exited', exitCode, oomKilled: false, startedAt_ms: run.state.startedAt_ms, finishedAt_ms: this.#clock.now() };
    this.#tell(run);
  }

  /** The newest run of a container, by its name. */
  newest(container: string): RuntimeContainer {
    const [run] = [...this.#containers.values()].filter((one) => one.container === container).sort((a, b) => b.attempt - a.attempt);
    if (run === undefined) throw new TypeError(`there is no run of ${container}`);
    return run;
  }

  #get(id: string): Mutable<RuntimeContainer> {
    const run = this.#containers.get(id);
    if (run === undefined) throw new GantryError('CONTAINER_UNKNOWN', 404, `there is no container ${id}`);
    return run;
  }

  #tell({ podUid }: RuntimeContainer): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}

/** Pod addresses without wires. */
export function testingPodNetwork(): PodNetwork & { readonly pods: Map<string, string>; readonly served: Map<string, number> } {
  const pods = new Map<string, string>();
  const served = new Map<string, number>();
  let next = 2;
  return {
    pods,
    served,
    servedConnections: async (uid) => served.get(uid) ?? 0,
    dns: { servers: ['10.96.0.10'], clusterDomain: 'cluster.local' },
    async add({ uid }) {
      const address = pods.get(uid) ?? `127.88.0.${next++}`;
      pods.set(uid, address);
      return { address, namespacePath: `/run/netns/${uid}` };
    },
    async remove(uid) {
      pods.delete(uid);
    },
    async status(uid) {
      const address = pods.get(uid);
      return address === undefined ? undefined : { address, namespacePath: `/run/netns/${uid}` };
    },
    list: async () => [...pods.keys()],
    async connect(uid, port) {
      throw new GantryError('NO_WIRES', 501, `there are no wires to port ${port} of ${uid}`);
    },
    publish: async () => undefined,
  };
}
