import type { V1EphemeralContainer, V1Pod, V1Service } from '#cluster/api';
import { isStatus } from '#cluster/client';
import type { ObjectSources } from '../sources.ts';
import type { AgentContext, RuntimeContainer } from '../types.ts';
import type { ContainerState } from './container-state.ts';
import { ContainerTasks } from './container-tasks.ts';
import { type Action, decide } from './decide.ts';
import { lastWords } from './last-words.ts';
import { addedStates, backingOffAt_ms, containerStates, containerView } from './observe.ts';
import { type PodContext, tell } from './pod-context.ts';
import { PodSandbox } from './pod-sandbox.ts';
import { podStatus } from './pod-status.ts';
import { newer, report } from './report.ts';
import { type Held, PodResize } from './resize.ts';
import { sayBackoffs } from './say-backoffs.ts';
import { PodTasks } from './tasks.ts';
import { missingOfAdded, unsupported } from './unsupported.ts';
import { type ContainerView, latest, type PodView } from './view.ts';
import { watchProbes } from './watch-probes.ts';

export interface WorkerOptions {
  readonly agent: AgentContext;
  readonly sources: ObjectSources;
  readonly services: () => readonly V1Service[];
  /** What the node's other Pods hold of it. */
  readonly others: () => readonly Held[];
  /** Asks for another look at the Pod. */
  readonly wake: () => void;
}

/**
 * One Pod of this node. `sync` looks at it, decides and begins what is to be done; tasks run beside it and wake it when they
 * end. Nothing depends on having seen a particular change.
 */
export class PodWorker {
  readonly uid: string;
  readonly #options: WorkerOptions;
  readonly #containers: ContainerState[];
  readonly #resize: PodResize;
  readonly #refusals: readonly string[];
  readonly #messages = new Map<string, string>();
  readonly #tasks: PodTasks;
  readonly #sandbox: PodSandbox;
  readonly #containerTasks: ContainerTasks;
  readonly #discarding = new Set<string>();
  #pod: V1Pod;
  #gone = false;
  #stopped = false;

  constructor(pod: V1Pod, options: WorkerOptions) {
    this.uid = pod.metadata.uid ?? '';
    this.#pod = pod;
    this.#options = options;
    this.#containers = containerStates(pod);
    this.#resize = new PodResize(this.#containers, pod);
    const { sources, wake } = options;
    const context = () => this.#context;
    const tasks = new PodTasks(context, wake);
    const sandbox = new PodSandbox({ context, sources, tasks, wake });
    this.#tasks = tasks;
    this.#sandbox = sandbox;
    this.#containerTasks = new ContainerTasks({ context, tasks, sandbox, resize: this.#resize, address: () => this.address });
    const { refused, missing } = unsupported(pod.spec ?? { containers: [] });
    this.#refusals = refused;
    for (const words of refused) tell(this.#context, 'Warning', 'Failed', `Error: CreateContainerConfigError: ${words}`);
    for (const words of missing) tell(this.#context, 'Warning', 'Unsupported', `Not carried out: ${words}`);
    this.#tellOfAdded(pod.spec?.ephemeralContainers ?? []);
  }

  get pod(): V1Pod {
    return this.#pod;
  }
  get address(): string {
    return this.#sandbox.made?.address ?? this.#pod.status?.podIP ?? '';
  }
  /** Nothing of the Pod is left, here or in the API. */
  get isOver(): boolean {
    return this.#gone && this.#sandbox.isTornDown;
  }

  /** A change of its resources waits for room on the node. */
  get isDeferred(): boolean {
    return this.#resize.isDeferred;
  }
  /** What of the node is the Pod's. */
  get held(): Held {
    const { phase } = this.#pod.status ?? {};
    return phase === 'Succeeded' || phase === 'Failed' || this.isOver ? {} : this.#resize.held(this.#pod);
  }

  update(pod: V1Pod): void {
    this.#pod = newer(this.#pod, pod);
    const added = addedStates(this.#pod, this.#containers);
    this.#containers.push(...added);
    this.#tellOfAdded(added.map(({ spec }) => spec));
  }

  #tellOfAdded(added: readonly V1EphemeralContainer[]): void {
    for (const container of added) for (const words of missingOfAdded(container)) tell(this.#context, 'Warning', 'Unsupported', `Not carried out: ${words}`);
  }

  /** The API has the Pod no longer. */
  remove(last: V1Pod): void {
    this.#pod = newer(this.#pod, last);
    this.#gone = true;
  }

  /** Looks at the Pod once; answers after how long to look again where nothing changes before. Errors: the runtime's and the API's. */
  async sync(): Promise<{ readonly requeueAfter_ms?: number } | undefined> {
    const runs = await this.#list();
    if (this.#stopped) return undefined;
    await this.#readMessages(runs);
    watchProbes(this.#containers, runs, { context: () => this.#context, address: this.address, wake: this.#options.wake });
    if (!this.#isRemoved) this.#resize.consider(this.#context, this.#options.others);
    this.#resize.settle(this.#context, runs);
    const view = this.#view(runs);
    const { actions, wakeAt_ms } = decide(view);
    const tearsDown = actions.some(({ kind }) => kind === 'tear-down');
    // What the containers' ends were is written before they go.
    if (tearsDown) await this.#report(view);
    for (const action of actions) this.#begin(action, view);
    sayBackoffs(this.#context, this.#containers, view);
    if (!tearsDown) await this.#report(this.#view(runs));
    const now_ms = this.#options.agent.clock.now();
    const wakes = [wakeAt_ms, ...this.#containers.map((state) => backingOffAt_ms(state, now_ms))].filter((at_ms) => at_ms !== undefined);
    return wakes.length === 0 ? undefined : { requeueAfter_ms: Math.max(1, Math.min(...wakes) - now_ms) };
  }

  /** Lets go: containers keep running. Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#containerTasks.letGo();
    for (const { probes, abort } of this.#containers) {
      probes?.probes[Symbol.dispose]();
      abort?.abort(new Error('the agent stops'));
    }
    this.#sandbox.stop();
    await this.#tasks.allEnded();
  }

  /** It ends, or has ended. */
  get #isRemoved(): boolean {
    return this.#gone || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  get #context(): PodContext {
    const { agent, sources, services } = this.#options;
    return { agent, uid: this.uid, pod: this.#pod, sources: sources.of(this.#pod.metadata.namespace ?? ''), services };
  }

  async #list(): Promise<readonly RuntimeContainer[]> {
    for (;;) {
      const { ended } = this.#tasks;
      const all = await this.#options.agent.runtime.listContainers();
      if (ended === this.#tasks.ended) return all.filter(({ podUid }) => podUid === this.uid);
    }
  }

  #view(runs: readonly RuntimeContainer[]): PodView {
    const now_ms = this.#options.agent.clock.now();
    return {
      pod: this.#pod,
      now_ms,
      refusals: this.#refusals,
      sandbox: this.#sandbox.view,
      tearDown: this.#sandbox.tearDownView(this.#isRemoved),
      gone: this.#gone,
      resize: this.#resize.view,
      resizeUntil_ms: this.#resize.until_ms,
      containers: this.#containers.map((state) => this.#containerView(state, runs, now_ms)),
    };
  }

  #containerView(state: ContainerState, runs: readonly RuntimeContainer[], now_ms: number): ContainerView {
    const view = containerView(state, this.#pod, runs, now_ms);
    const run = latest(view);
    if (run?.state.status !== 'running') return view;
    const actuated = this.#resize.actuated(state, this.#pod, run.id);
    const resize = this.#resize.due(state, this.#pod, run);
    return { ...view, ...(actuated && { actuated }), ...(resize && { resize }) };
  }

  async #readMessages(runs: readonly RuntimeContainer[]): Promise<void> {
    const ids = new Set(runs.map(({ id }) => id));
    for (const id of this.#messages.keys()) if (!ids.has(id)) this.#messages.delete(id);
    for (const run of runs) {
      const state = this.#containers.find(({ name }) => name === run.container);
      if (run.state.status !== 'exited' || state === undefined || this.#messages.has(run.id)) continue;
      this.#messages.set(run.id, await lastWords(this.#context, state, run));
    }
  }

  #begin(action: Action, view: PodView): void {
    if (action.kind === 'set-up') return this.#sandbox.beginSetUp();
    if (action.kind === 'tear-down') return this.#sandbox.beginTearDown(action.wholly, () => this.#gone);
    if (action.kind === 'discard') return this.#discard(action.id);
    const state = this.#containers.find(({ name }) => name === action.container);
    if (state === undefined) return;
    switch (action.kind) {
      case 'abort':
        return state.abort?.abort(new Error('the Pod ends'));
      case 'start':
        return this.#containerTasks.beginStart(state, action.attempt, view);
      case 'resize':
        return this.#containerTasks.beginResize(state, action.id);
      case 'stop':
        return this.#containerTasks.beginStop(state, action, view.now_ms);
    }
  }

  #discard(id: string): void {
    if (this.#discarding.has(id)) return;
    this.#discarding.add(id);
    this.#tasks.run(
      () => this.#options.agent.runtime.removeContainer(id),
      () => void this.#discarding.delete(id),
    );
  }

  async #report(view: PodView): Promise<void> {
    if (this.#gone || this.#sandbox.isTornDown) return;
    const { agent } = this.#options;
    try {
      this.update(await report(agent.client, this.#pod, podStatus({ ...view, pod: this.#pod }, agent, this.#messages)));
    } catch (error) {
      // Gone meanwhile, or another of the same name stands there: the informer will tell.
      if (!isStatus(error, 'NotFound') && !(isStatus(error, 'Conflict') && !this.#pod.spec?.readinessGates?.length)) throw error;
    }
  }
}
