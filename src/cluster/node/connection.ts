import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { V1Pod } from '#cluster/api';
import type { LogLine, LogQuery, ProcessStreams } from '#kit';
import { containerNotRunning, containerWaiting, noPreviousRun, podUnknown } from './errors.ts';
import type { Stats } from './machine/stats.ts';
import type { AgentConnection, AgentContext, AgentStats, ContainerTarget, RuntimeContainer } from './types.ts';

/** What the API server asks a node for, answered by the runtime. */
export class Connection implements AgentConnection {
  readonly #agent: AgentContext;
  readonly #podOf: (uid: string) => V1Pod | undefined;
  readonly #stats: Stats;

  constructor(agent: AgentContext, podOf: (uid: string) => V1Pod | undefined, stats: Stats) {
    this.#agent = agent;
    this.#podOf = podOf;
    this.#stats = stats;
  }

  /** Errors: `POD_UNKNOWN`, `CONTAINER_NOT_RUNNING`, the runtime's. */
  async exec(
    target: ContainerTarget,
    options: { readonly command: readonly string[]; readonly stdin: boolean; readonly terminal: boolean },
  ): Promise<ProcessStreams> {
    return await this.#agent.runtime.exec((await this.#running(target)).id, options);
  }

  /** Errors: `POD_UNKNOWN`, `CONTAINER_NOT_RUNNING`, the runtime's. */
  async attach(target: ContainerTarget, options: { readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams> {
    return await this.#agent.runtime.attach((await this.#running(target)).id, options);
  }

  /** Errors: `POD_UNKNOWN`, `CONTAINER_WAITING`, `NO_PREVIOUS_RUN`. */
  async logs(target: ContainerTarget, { previous, ...query }: LogQuery & { readonly previous?: boolean }): Promise<AsyncIterable<LogLine>> {
    const pod = this.#pod(target);
    const [newest, before] = await this.#runs(target);
    // While it waits to run again the run before is the one that just ended.
    const run = previous && newest?.state.status !== 'exited' ? before : previous ? (this.#lastEnded(pod, target) ? newest : before) : newest;
    if (run !== undefined && run.state.status !== 'created') return this.#agent.runtime.logs(run.id, query);
    throw previous ? noPreviousRun(target.container, target.name) : containerWaiting(target.container, target.name, waitingReason(pod, target.container));
  }

  /** Errors: `POD_UNKNOWN`; that of the connection. */
  async portForward(target: Omit<ContainerTarget, 'container'>, port: number): Promise<Duplex> {
    if (!this.#pod(target).spec?.hostNetwork) return await this.#agent.network.connect(target.uid, port);
    return await new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  stats(): Promise<AgentStats> {
    return this.#stats.read();
  }

  #pod({ uid, namespace, name }: Omit<ContainerTarget, 'container'>): V1Pod {
    const pod = this.#podOf(uid);
    if (pod === undefined) throw podUnknown(namespace, name, this.#agent.nodeName);
    return pod;
  }

  /** Newest first. */
  async #runs({ uid, container }: ContainerTarget): Promise<readonly RuntimeContainer[]> {
    const all = await this.#agent.runtime.listContainers();
    return all.filter((run) => run.podUid === uid && run.container === container).sort((a, b) => b.attempt - a.attempt);
  }

  async #running(target: ContainerTarget): Promise<RuntimeContainer> {
    this.#pod(target);
    const [run] = await this.#runs(target);
    if (run?.state.status !== 'running') throw containerNotRunning(target.container, target.name);
    return run;
  }

  /** Whether the container waits to run again. */
  #lastEnded(pod: V1Pod, { container }: ContainerTarget): boolean {
    return statusOf(pod, container)?.state?.waiting !== undefined;
  }
}

function statusOf({ status }: V1Pod, container: string) {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  );
}

function waitingReason(pod: V1Pod, container: string): string {
  const waiting = statusOf(pod, container)?.state?.waiting;
  return waiting?.message ?? waiting?.reason ?? 'ContainerCreating';
}
