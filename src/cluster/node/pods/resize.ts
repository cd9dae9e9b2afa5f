import { parseQuantity, podTotal, type V1Container, type V1Pod, type V1ResourceRequirements } from '#cluster/api';
import { messageOf } from '#kit';
import { amounts } from '../process/container-spec.ts';
import type { NodeCapacity, RuntimeContainer } from '../types.ts';
import { type BackoffEntry, QUICK, raise } from './backoff.ts';
import type { ContainerState } from './container-state.ts';
import { ID_SCHEME, reported } from './container-status.ts';
import { type PodContext, tell } from './pod-context.ts';
import type { ResizeView, ResizeWords } from './view.ts';

const RESIZABLE = ['cpu', 'memory'] as const;
/** What a Pod's containers ask for together, in thousandths. */
export type Held = Readonly<Record<string, bigint>>;

/**
 * How a running Pod's resources follow its spec. What the node has granted stands in each container's `spec.resources`; what its run has, in
 * `actuated`. Both are found again in the Pod's status after the agent was started anew.
 */
export class PodResize {
  readonly #containers: readonly ContainerState[];
  readonly #restarting = new Map<string, string>();
  #pending: ResizeWords | undefined;
  #progress: ResizeWords | undefined;
  #failure: (BackoffEntry & { readonly until_ms: number }) | undefined;

  constructor(containers: readonly ContainerState[], pod: V1Pod) {
    this.#containers = containers;
    for (const state of this.#ofPod()) state.spec = withGranted(state, pod);
    const known = pod.status?.conditions?.find(({ type }) => type === 'PodResizeInProgress');
    if (known !== undefined) this.#progress = { generation: known.observedGeneration ?? 0 };
  }

  /** A wish waits for room. */
  get isDeferred(): boolean {
    return this.#pending?.reason === 'Deferred';
  }

  get view(): ResizeView {
    return { ...(this.#pending && { pending: this.#pending }), ...(this.#progress && { progress: this.#progress }) };
  }

  /** When a failed change is to be tried again. */
  get until_ms(): number {
    return this.#failure?.until_ms ?? 0;
  }

  /** What of the node is the Pod's. */
  held({ spec }: V1Pod): Held {
    const granted = new Map(this.#containers.map((state) => [state.name, state.spec.resources]));
    const of = (container: V1Container): V1Container => ({ ...container, resources: granted.get(container.name) ?? {} });
    const pod: V1Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {},
      spec: { containers: (spec?.containers ?? []).map(of), initContainers: (spec?.initContainers ?? []).map(of) },
    };
    return podTotal(pod, ({ resources }) => resources?.requests);
  }

  /** Grants what the spec asks for where there is room, and says where there is none. */
  consider(context: PodContext, others: () => readonly Held[]): void {
    const { pod, agent } = context;
    const wanted = new Map([...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((container) => [container.name, container]));
    const generation = pod.metadata.generation ?? 0;
    const changed = this.#ofPod().filter((state) => !isSame(state.spec.resources, wanted.get(state.name)?.resources));
    for (const state of this.#ofPod()) state.spec = withPolicy(state.spec, wanted.get(state.name));
    if (changed.length === 0) return void (this.#pending = undefined);
    const refusal = noRoom(
      podTotal(pod, ({ resources }) => resources?.requests),
      agent.capacity,
      others(),
    );
    if (refusal !== undefined) {
      if (this.#pending?.reason !== refusal.reason || this.#pending.generation !== generation)
        tell(context, 'Warning', `Resize${refusal.reason}`, summary(`Pod resize ${refusal.reason}`, pod, generation, refusal.message));
      this.#pending = { ...refusal, generation };
      return;
    }
    for (const state of changed) state.spec = withResources(state.spec, wanted.get(state.name)?.resources);
    this.#pending = undefined;
    this.#failure = undefined;
    this.#progress = { generation };
    tell(context, 'Normal', 'ResizeStarted', summary('Pod resize started', pod, generation));
  }

  /** Whether a running container has other resources than it was granted, and how it gets them. */
  due(state: ContainerState, pod: V1Pod, run: RuntimeContainer | undefined): 'update' | 'restart' | undefined {
    if (run?.state.status !== 'running' || !isResizable(state)) return undefined;
    const [now, granted] = [this.actuated(state, pod, run.id), state.spec.resources];
    const differs = RESIZABLE.filter((name) => (['limits', 'requests'] as const).some((list) => amount(now, list, name) !== amount(granted, list, name)));
    if (differs.length === 0) return undefined;
    const restarts = (state.spec.resizePolicy ?? []).some(
      ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && differs.some((name) => name === resourceName),
    );
    return restarts ? 'restart' : 'update';
  }

  /** What that run of a container has. One that the API has not heard of yet began with what was granted. */
  actuated(state: ContainerState, pod: V1Pod, runId: string): V1ResourceRequirements | undefined {
    if (state.actuated?.runId !== runId) {
      const known = reported({ pod }, state);
      const isKnown = known?.containerID === `${ID_SCHEME}${runId}` && known.resources !== undefined;
      state.actuated = { runId, resources: isKnown ? known.resources : state.spec.resources };
    }
    return state.actuated.resources;
  }

  /** The container is ended so that its next run has what was granted. */
  restarting(state: ContainerState, runId: string): void {
    this.#restarting.set(state.name, runId);
  }

  /** Changes a running container. Never throws: what failed is told, and due again. */
  async apply(context: PodContext, state: ContainerState, run: string): Promise<void> {
    const { runtime, clock } = context.agent;
    const wanted = state.spec.resources;
    try {
      const limits = amounts(wanted?.limits);
      const before = amounts(this.actuated(state, context.pod, run)?.limits);
      if (limits.memory_bytes !== undefined && limits.memory_bytes < (before.memory_bytes ?? Infinity))
        await refuseBelowUsage(context, state.name, run, limits.memory_bytes);
      await runtime.updateContainer(run, { limits, requests: amounts(wanted?.requests) });
      state.actuated = { runId: run, resources: wanted };
      this.#failure = undefined;
    } catch (error) {
      const generation = this.#progress?.generation ?? context.pod.metadata.generation ?? 0;
      const message = messageOf(error);
      const entry = raise(this.#failure, clock.now(), QUICK);
      this.#failure = { ...entry, until_ms: clock.now() + entry.delay_ms };
      if (this.#progress?.message !== message) tell(context, 'Warning', 'ResizeError', summary('Pod resize error', context.pod, generation, message));
      this.#progress = { generation, reason: 'Error', message };
    }
  }

  /** Says that it is done when every container has what it was granted. */
  settle(context: PodContext, runs: readonly RuntimeContainer[]): void {
    if (this.#progress === undefined) return;
    for (const state of this.#ofPod()) {
      const run = newest(runs, state.name);
      const awaited = this.#restarting.get(state.name);
      if (awaited !== undefined && (run?.state.status !== 'running' || run.id === awaited)) return;
      this.#restarting.delete(state.name);
      if (state.busy === 'resizing' || this.due(state, context.pod, run) !== undefined) return;
    }
    const { generation } = this.#progress;
    this.#progress = undefined;
    tell(context, 'Normal', 'ResizeCompleted', summary('Pod resize completed', context.pod, generation));
  }

  #ofPod(): readonly ContainerState[] {
    return this.#containers.filter(isResizable);
  }
}

function isResizable({ role }: Pick<ContainerState, 'role'>): boolean {
  return role === 'main' || role === 'sidecar';
}

function newest(runs: readonly RuntimeContainer[], name: string): RuntimeContainer | undefined {
  return runs
    .filter(({ container }) => container === name)
    .reduce<RuntimeContainer | undefined>((a, b) => (a === undefined || b.attempt > a.attempt ? b : a), undefined);
}

/** As the node granted it before this agent was there: what the API was told of it last. */
function withGranted(state: ContainerState, pod: V1Pod): V1Container {
  const known = reported({ pod }, state);
  if (known?.resources === undefined) return state.spec;
  const requests = known.allocatedResources ?? known.resources.requests;
  return withResources(state.spec, { ...state.spec.resources, ...known.resources, ...(requests && { requests }) });
}

function withResources({ resources: _before, ...rest }: V1Container, resources: V1ResourceRequirements | undefined): V1Container {
  return { ...rest, ...(resources && { resources }) };
}

function withPolicy(container: V1Container, wanted: V1Container | undefined): V1Container {
  if (wanted === undefined || wanted.resizePolicy === container.resizePolicy) return container;
  const { resizePolicy: _before, ...rest } = container;
  return { ...rest, ...(wanted.resizePolicy && { resizePolicy: wanted.resizePolicy }) };
}

function isSame(a: V1ResourceRequirements | undefined, b: V1ResourceRequirements | undefined): boolean {
  return RESIZABLE.every((name) => (['limits', 'requests'] as const).every((list) => amount(a, list, name) === amount(b, list, name)));
}

function amount(of: V1ResourceRequirements | undefined, list: 'limits' | 'requests', name: string): bigint | undefined {
  const text = of?.[list]?.[name];
  return text === undefined ? undefined : parseQuantity(text);
}

/** Infeasible is what the node as a whole has not; what others have may become free. Pure. */
function noRoom(
  wanted: Held,
  capacity: NodeCapacity,
  others: readonly Held[],
): { readonly reason: 'Deferred' | 'Infeasible'; readonly message: string } | undefined {
  const room = { cpu: BigInt(capacity.cpu_millicores), memory: BigInt(capacity.memory_bytes) * 1000n };
  const shown = (name: (typeof RESIZABLE)[number], milli: bigint) => (name === 'cpu' ? milli : milli / 1000n);
  for (const name of RESIZABLE) {
    const asked = wanted[name] ?? 0n;
    if (asked > room[name])
      return {
        reason: 'Infeasible',
        message: `Node didn't have enough capacity: ${name}, requested: ${shown(name, asked)}, capacity: ${shown(name, room[name])}`,
      };
  }
  for (const name of RESIZABLE) {
    const [asked, used] = [wanted[name] ?? 0n, others.reduce((sum, held) => sum + (held[name] ?? 0n), 0n)];
    if (asked + used <= room[name]) continue;
    const words = `${name}, requested: ${shown(name, asked)}, used: ${shown(name, used)}, capacity: ${shown(name, room[name])}`;
    return { reason: 'Deferred', message: `Node didn't have enough resource: ${words}` };
  }
  return undefined;
}

/** A kernel that is told a limit below what is in use ends processes, or refuses. */
async function refuseBelowUsage({ agent }: PodContext, name: string, run: string, limit_bytes: number): Promise<void> {
  const { memory_working_set_bytes: used } = await agent.runtime.stats(run);
  if (used >= limit_bytes) throw new RangeError(`attempting to set container "${name}" memory limit (${limit_bytes}) below current usage (${used})`);
}

/** As the kubelet's events say it. */
function summary(words: string, { spec }: V1Pod, generation: number, error?: string): string {
  const list = (containers: readonly V1Container[] | undefined) => containers?.map(({ name, resources = {} }) => ({ name, resources }));
  const initContainers = list(spec?.initContainers);
  const said = { ...(initContainers?.length && { initContainers }), containers: list(spec?.containers), generation, ...(error !== undefined && { error }) };
  return `${words}: ${JSON.stringify(said)}`;
}
