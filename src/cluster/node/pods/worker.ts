import type { V1EphemeralContainer, V1Pod, V1Service } from '#cluster/api';
import { isStatus, PODS } from '#cluster/client';
import { GantryError, messageOf } from '#kit';
import { ContainerProbes } from '../probes/container-probes.ts';
import type { ObjectSources } from '../sources.ts';
import type { AgentContext, RuntimeContainer } from '../types.ts';
import { objectsOf } from '../volumes/payload.ts';
import { type BackoffEntry, QUICK, raise, SLOW } from './backoff.ts';
import type { ContainerState } from './container-state.ts';
import { ID_SCHEME, podWords, reported } from './container-status.ts';
import { type Action, decide } from './decide.ts';
import { lastWords } from './last-words.ts';
import { addedStates, backingOffAt_ms, containerStates, containerView, isBackingOff } from './observe.ts';
import type { PodContext, Sandbox } from './pod-context.ts';
import { tell } from './pod-context.ts';
import { podStatus } from './pod-status.ts';
import { type Held, PodResize } from './resize.ts';
import { newer, report } from './report.ts';
import { setUpPodVolumes, setUpSandbox, tearDownSandbox } from './sandbox.ts';
import { startContainer } from './start-container.ts';
import { drain, stopContainer, unlessAborted } from './stop-container.ts';
import { missingOfAdded, unsupported } from './unsupported.ts';
import { type ContainerView, latest, type PodView, type SandboxView } from './view.ts';

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
  readonly #follows: Disposable[] = [];
  readonly #tasks = new Set<Promise<void>>();
  readonly #discarding = new Set<string>();
  /** Made when something is waited for that a stop must end. */
  #letGo: AbortController | undefined;
  #pod: V1Pod;
  #gone = false;
  #stopped = false;
  /** Counts ended tasks, so that a list from before an end is not taken for one after it. */
  #ended = 0;
  #sandbox: Sandbox | undefined;
  #sandboxBusy = false;
  #sandboxProblem: { readonly until_ms: number; readonly message: string } | undefined;
  #sandboxBackoff: BackoffEntry | undefined;
  #volumesStale = false;
  #tearDown: { readonly busy: boolean; readonly done: 'nothing' | 'network' | 'all' } = { busy: false, done: 'nothing' };
  #drained: Promise<void> | undefined;

  constructor(pod: V1Pod, options: WorkerOptions) {
    this.uid = pod.metadata.uid ?? '';
    this.#pod = pod;
    this.#options = options;
    this.#containers = containerStates(pod);
    this.#resize = new PodResize(this.#containers, pod);
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
    return this.#sandbox?.address ?? this.#pod.status?.podIP ?? '';
  }
  /** Nothing of the Pod is left, here or in the API. */
  get isOver(): boolean {
    return this.#gone && this.#tearDown.done === 'all';
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
    this.#watchProbes(runs);
    if (!this.#gone && this.#pod.metadata.deletionTimestamp === undefined) this.#resize.consider(this.#context, this.#options.others);
    this.#resize.settle(this.#context, runs);
    const view = this.#view(runs);
    const { actions, wakeAt_ms } = decide(view);
    const tearsDown = actions.some(({ kind }) => kind === 'tear-down');
    // What the containers' ends were is written before they go.
    if (tearsDown) await this.#report(view);
    for (const action of actions) this.#begin(action, view);
    this.#sayBackoffs(view);
    if (!tearsDown) await this.#report(this.#view(runs));
    const now_ms = this.#options.agent.clock.now();
    const wakes = [wakeAt_ms, ...this.#containers.map((state) => backingOffAt_ms(state, now_ms))].filter((at_ms) => at_ms !== undefined);
    return wakes.length === 0 ? undefined : { requeueAfter_ms: Math.max(1, Math.min(...wakes) - now_ms) };
  }

  /** Lets go: containers keep running. Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#letGo?.abort(new Error('the agent stops'));
    for (const { probes, abort } of this.#containers) {
      probes?.probes[Symbol.dispose]();
      abort?.abort(new Error('the agent stops'));
    }
    for (const follow of this.#follows) follow[Symbol.dispose]();
    await Promise.all(this.#tasks);
  }

  get #context(): PodContext {
    const { agent, sources, services } = this.#options;
    return { agent, uid: this.uid, pod: this.#pod, sources: sources.of(this.#pod.metadata.namespace ?? ''), services };
  }

  async #list(): Promise<readonly RuntimeContainer[]> {
    for (;;) {
      const ended = this.#ended;
      const all = await this.#options.agent.runtime.listContainers();
      if (ended === this.#ended) return all.filter(({ podUid }) => podUid === this.uid);
    }
  }

  #view(runs: readonly RuntimeContainer[]): PodView {
    const now_ms = this.#options.agent.clock.now();
    const removed = this.#gone || this.#pod.metadata.deletionTimestamp !== undefined;
    const isDone = this.#tearDown.done === 'all' || (this.#tearDown.done === 'network' && !removed);
    return {
      pod: this.#pod,
      now_ms,
      refusals: this.#refusals,
      sandbox: this.#sandboxView(),
      tearDown: this.#tearDown.busy ? 'busy' : isDone ? 'done' : 'none',
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

  #sandboxView(): SandboxView {
    if (this.#sandbox !== undefined) return { state: 'ready', address: this.#sandbox.address };
    if (this.#sandboxBusy) return { state: 'busy' };
    return this.#sandboxProblem === undefined ? { state: 'none' } : { state: 'waiting', ...this.#sandboxProblem };
  }

  /** Each running container has its probes, adopted ones with what was known of them. */
  #watchProbes(runs: readonly RuntimeContainer[]): void {
    for (const state of this.#containers) {
      const view = containerView(state, this.#pod, runs, 0);
      const [run] = view.runs;
      const running = run?.state.status === 'running' && state.busy !== 'starting' ? run : undefined;
      if (state.probes !== undefined && state.probes.runId !== running?.id) {
        state.probes.probes[Symbol.dispose]();
        state.probes = undefined;
      }
      if (running?.state.status === 'running' && state.probes === undefined) this.#probe(state, running.id, running.state.startedAt_ms);
    }
  }

  #probe(state: ContainerState, runId: string, startedAt_ms: number): void {
    const { agent, wake } = this.#options;
    const status = reported({ pod: this.#pod }, state);
    const known =
      status?.containerID === `${ID_SCHEME}${runId}` && status.state?.running ? { known: { started: status.started === true, ready: status.ready } } : {};
    const address = this.address;
    const exec = (command: readonly string[]) => agent.runtime.exec(runId, { command, stdin: false, terminal: false });
    const probes = new ContainerProbes(state.spec, {
      clock: agent.clock,
      target: { container: state.spec, address, wires: agent.machine.wires, exec },
      startedAt_ms,
      ...known,
      onChange: wake,
      onFailure: (kind, output) => tell(this.#context, 'Warning', 'Unhealthy', `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${output}`, state.spec),
    });
    state.probes = { runId, probes };
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

  /**
   * Runs a task beside `sync`; its end, whatever it is, asks for another look. Nothing is thrown. `settle` says in memory that
   * it ended, in one step with the count of ends.
   */
  #run(task: () => Promise<void>, settle: () => void = () => undefined): void {
    const work = task()
      .catch((error: unknown) => this.#options.agent.logger.warn('A task for a Pod failed', { pod: podWords({ pod: this.#pod }), error }))
      .finally(() => {
        this.#tasks.delete(work);
        this.#ended += 1;
        settle();
        this.#options.wake();
      });
    this.#tasks.add(work);
  }

  #begin(action: Action, view: PodView): void {
    if (action.kind === 'set-up') return this.#beginSetUp();
    if (action.kind === 'tear-down') return this.#beginTearDown(action.wholly);
    if (action.kind === 'discard') return this.#discard(action.id);
    const state = this.#containers.find(({ name }) => name === action.container);
    if (state === undefined) return;
    switch (action.kind) {
      case 'abort':
        return state.abort?.abort(new Error('the Pod ends'));
      case 'start':
        return this.#beginStart(state, action.attempt, view);
      case 'resize':
        return this.#beginResize(state, action.id);
      case 'stop':
        if (action.resizes) this.#resize.restarting(state, action.id);
        return this.#beginStop(state, action, view.now_ms);
    }
  }

  #beginSetUp(): void {
    this.#sandboxBusy = true;
    this.#run(
      async () => {
        const context = this.#context;
        const { clock } = context.agent;
        try {
          this.#sandbox = await setUpSandbox(context);
          this.#sandboxProblem = undefined;
          this.#followObjects();
        } catch (error) {
          const message = messageOf(error);
          this.#sandboxBackoff = raise(this.#sandboxBackoff, clock.now(), QUICK);
          this.#sandboxProblem = { until_ms: clock.now() + this.#sandboxBackoff.delay_ms, message };
          const isMount = error instanceof GantryError && error.code === 'FailedMount';
          tell(context, 'Warning', isMount ? 'FailedMount' : 'FailedCreatePodSandBox', isMount ? message : `Failed to create pod sandbox: ${message}`);
        }
      },
      () => {
        this.#sandboxBusy = false;
      },
    );
  }

  #followObjects(): void {
    if (this.#follows.length > 0) return;
    const { sources, wake } = this.#options;
    const named = (this.#pod.spec?.volumes ?? []).flatMap(objectsOf);
    const stale = () => {
      this.#volumesStale = true;
      this.#run(() => this.#refreshVolumes());
      wake();
    };
    this.#follows.push(sources.followTokens(this.uid, stale));
    for (const { kind, name } of named) this.#follows.push(sources.follow(kind, this.#pod.metadata.namespace ?? '', name, stale));
  }

  async #refreshVolumes(): Promise<void> {
    // With a namespace go the objects of its Pods' volumes; what ends keeps what it has.
    if (
      !this.#volumesStale ||
      this.#sandbox === undefined ||
      this.#pod.metadata.deletionTimestamp !== undefined ||
      this.#stopped ||
      this.#tearDown.done !== 'nothing' ||
      this.#tearDown.busy
    )
      return;
    this.#volumesStale = false;
    await setUpPodVolumes(this.#context, this.#sandbox.address);
  }

  #beginStart(state: ContainerState, attempt: number, view: PodView): void {
    const { clock } = this.#options.agent;
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return;
    const context = this.#context;
    const ranBefore = view.containers.find(({ name }) => name === state.name)?.runs.some((run) => run.state.status === 'exited') === true;
    if (ranBefore) state.crash = raise(state.crash, clock.now(), SLOW);
    const abort = new AbortController();
    state.busy = 'starting';
    state.abort = abort;
    this.#run(
      async () => {
        try {
          await startContainer(context, { container: state.spec, attempt, sandbox, signal: abort.signal });
          state.problem = undefined;
          state.problemBackoff = undefined;
        } catch (error) {
          if (!abort.signal.aborted) this.#keepProblem(state, error);
        }
      },
      () => {
        state.busy = undefined;
        state.abort = undefined;
      },
    );
  }

  #keepProblem(state: ContainerState, error: unknown): void {
    const now_ms = this.#options.agent.clock.now();
    const reason = error instanceof GantryError ? error.code : 'CreateContainerError';
    const limits = reason === 'CreateContainerConfigError' ? QUICK : SLOW;
    state.problemBackoff = raise(state.problemBackoff, now_ms, limits);
    state.problem = { reason, message: messageOf(error), at_ms: now_ms, until_ms: now_ms + state.problemBackoff.delay_ms };
  }

  #beginStop(state: ContainerState, action: Extract<Action, { kind: 'stop' }>, now_ms: number): void {
    const context = this.#context;
    const hastens = state.busy === 'stopping';
    state.busy = 'stopping';
    state.stopBy_ms = now_ms + action.grace_seconds * 1000;
    const signal = this.#untilLetGo();
    if (hastens) return this.#run(() => unlessAborted(context.agent.runtime.stopContainer(action.id, action.grace_seconds), signal));
    const drained = action.drain ? (this.#drained ??= drain(context, this.address, action.grace_seconds)) : Promise.resolve();
    const { id, grace_seconds, words } = action;
    const settle = () => {
      state.busy = undefined;
      state.stopBy_ms = undefined;
    };
    this.#run(() => stopContainer(context, { container: state.spec, id, grace_seconds, words, address: this.address, drained, signal }), settle);
  }

  #beginResize(state: ContainerState, id: string): void {
    state.busy = 'resizing';
    this.#run(
      () => this.#resize.apply(this.#context, state, id),
      () => {
        // A stop that came meanwhile goes on.
        if (state.busy === 'resizing') state.busy = undefined;
      },
    );
  }

  #untilLetGo(): AbortSignal {
    this.#letGo ??= new AbortController();
    if (this.#stopped) this.#letGo.abort(new Error('the agent stops'));
    return this.#letGo.signal;
  }

  #discard(id: string): void {
    if (this.#discarding.has(id)) return;
    this.#discarding.add(id);
    this.#run(
      () => this.#options.agent.runtime.removeContainer(id),
      () => void this.#discarding.delete(id),
    );
  }

  #beginTearDown(wholly: boolean): void {
    let { done } = this.#tearDown;
    this.#tearDown = { busy: true, done };
    const context = this.#context;
    const work = async () => {
      try {
        if (wholly) for (const follow of this.#follows.splice(0)) follow[Symbol.dispose]();
        await tearDownSandbox(context, wholly);
        if (wholly && !this.#gone) await this.#deleteFromApi();
        done = wholly ? 'all' : 'network';
      } catch (error) {
        await context.agent.clock.sleep(QUICK.first_ms);
        throw error;
      }
    };
    this.#run(work, () => {
      this.#tearDown = { busy: false, done };
    });
  }

  /** Nothing of the Pod is left here: its object may go. */
  async #deleteFromApi(): Promise<void> {
    const { name = '', namespace } = this.#pod.metadata;
    try {
      await this.#options.agent.client.resource(PODS).delete(name, namespace, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error;
    }
  }

  /** Back-offs are told of once for each run and pull. */
  #sayBackoffs(view: PodView): void {
    for (const [index, container] of view.containers.entries()) {
      const state = this.#containers[index];
      const run = container.runs[0];
      if (state === undefined || state.busy !== undefined) continue;
      if (state.problem !== undefined && isBackingOff(state.problem, view.now_ms)) {
        const key = `pull/${state.problem.at_ms}`;
        if (state.backoffSaid === key) continue;
        state.backoffSaid = key;
        tell(this.#context, 'Normal', 'BackOff', `Back-off pulling image "${state.spec.image}"`, state.spec);
        tell(this.#context, 'Warning', 'Failed', 'Error: ImagePullBackOff', state.spec);
      } else if (
        run?.state.status === 'exited' &&
        state.crash !== undefined &&
        state.backoffSaid !== run.id &&
        view.now_ms < run.state.finishedAt_ms + state.crash.delay_ms
      ) {
        state.backoffSaid = run.id;
        if (!this.#gone && this.#pod.metadata.deletionTimestamp === undefined)
          tell(this.#context, 'Warning', 'BackOff', `Back-off restarting failed container ${state.name} in pod ${podWords(view)}`, state.spec);
      }
    }
  }

  async #report(view: PodView): Promise<void> {
    if (this.#gone || this.#tearDown.done === 'all') return;
    const { agent } = this.#options;
    try {
      this.update(await report(agent.client, this.#pod, podStatus({ ...view, pod: this.#pod }, agent, this.#messages)));
    } catch (error) {
      // Gone meanwhile, or another of the same name stands there: the informer will tell.
      if (!isStatus(error, 'NotFound') && !(isStatus(error, 'Conflict') && !this.#pod.spec?.readinessGates?.length)) throw error;
    }
  }
}
