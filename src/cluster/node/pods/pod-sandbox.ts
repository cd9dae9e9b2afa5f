import { isStatus, PODS } from '#cluster/client';
import { GantryError, messageOf } from '#kit';
import type { ObjectSources } from '../sources.ts';
import { objectsOf } from '../volumes/payload.ts';
import { type BackoffEntry, QUICK, raise } from './backoff.ts';
import { type PodContext, type Sandbox, tell } from './pod-context.ts';
import { setUpPodVolumes, setUpSandbox, tearDownSandbox } from './sandbox.ts';
import type { PodTasks } from './tasks.ts';
import type { PodView, SandboxView } from './view.ts';

interface Parts {
  readonly context: () => PodContext;
  readonly sources: ObjectSources;
  readonly tasks: PodTasks;
  /** Asks for another look at the Pod. */
  readonly wake: () => void;
}

/** Where one Pod's containers live: set up before them, kept as the API has its volumes, and taken down after them. */
export class PodSandbox {
  readonly #parts: Parts;
  readonly #follows: Disposable[] = [];
  #sandbox: Sandbox | undefined;
  #isBusy = false;
  #problem: { readonly until_ms: number; readonly message: string } | undefined;
  #backoff: BackoffEntry | undefined;
  #volumesStale = false;
  #stopped = false;
  #tearDown: { readonly busy: boolean; readonly done: 'nothing' | 'network' | 'all' } = { busy: false, done: 'nothing' };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get made(): Sandbox | undefined {
    return this.#sandbox;
  }
  /** Nothing of the Pod is left on the node. */
  get isTornDown(): boolean {
    return this.#tearDown.done === 'all';
  }
  get view(): SandboxView {
    if (this.#sandbox !== undefined) return { state: 'ready', address: this.#sandbox.address };
    if (this.#isBusy) return { state: 'busy' };
    return this.#problem === undefined ? { state: 'none' } : { state: 'waiting', ...this.#problem };
  }

  /** A Pod that is `removed` is torn down wholly, another one keeps its files. */
  tearDownView(removed: boolean): PodView['tearDown'] {
    const { busy, done } = this.#tearDown;
    if (busy) return 'busy';
    return done === 'all' || (done === 'network' && !removed) ? 'done' : 'none';
  }

  /** Follows nothing any longer; what was made stays. */
  stop(): void {
    this.#stopped = true;
    for (const follow of this.#follows) follow[Symbol.dispose]();
  }

  beginSetUp(): void {
    this.#isBusy = true;
    this.#parts.tasks.run(
      () => this.#setUp(),
      () => {
        this.#isBusy = false;
      },
    );
  }

  async #setUp(): Promise<void> {
    const context = this.#parts.context();
    const { clock } = context.agent;
    try {
      this.#sandbox = await setUpSandbox(context);
      this.#problem = undefined;
      this.#followObjects();
    } catch (error) {
      const message = messageOf(error);
      this.#backoff = raise(this.#backoff, clock.now(), QUICK);
      this.#problem = { until_ms: clock.now() + this.#backoff.delay_ms, message };
      const isMount = error instanceof GantryError && error.code === 'FailedMount';
      tell(context, 'Warning', isMount ? 'FailedMount' : 'FailedCreatePodSandBox', isMount ? message : `Failed to create pod sandbox: ${message}`);
    }
  }

  #followObjects(): void {
    if (this.#follows.length > 0) return;
    const { context, sources, tasks, wake } = this.#parts;
    const { uid, pod } = context();
    const named = (pod.spec?.volumes ?? []).flatMap(objectsOf);
    const stale = () => {
      this.#volumesStale = true;
      tasks.run(() => this.#refreshVolumes());
      wake();
    };
    this.#follows.push(sources.followTokens(uid, stale));
    for (const { kind, name } of named) this.#follows.push(sources.follow(kind, pod.metadata.namespace ?? '', name, stale));
  }

  async #refreshVolumes(): Promise<void> {
    const context = this.#parts.context();
    const { busy, done } = this.#tearDown;
    // With a namespace go the objects of its Pods' volumes; what ends keeps what it has.
    const ends = context.pod.metadata.deletionTimestamp !== undefined || this.#stopped || done !== 'nothing' || busy;
    if (!this.#volumesStale || this.#sandbox === undefined || ends) return;
    this.#volumesStale = false;
    await setUpPodVolumes(context, this.#sandbox.address);
  }

  /** `isGone` tells whether the API has the Pod no longer. */
  beginTearDown(wholly: boolean, isGone: () => boolean): void {
    let { done } = this.#tearDown;
    this.#tearDown = { busy: true, done };
    const context = this.#parts.context();
    const work = async () => {
      try {
        if (wholly) for (const follow of this.#follows.splice(0)) follow[Symbol.dispose]();
        await tearDownSandbox(context, wholly);
        if (wholly && !isGone()) await deleteFromApi(this.#parts.context());
        done = wholly ? 'all' : 'network';
      } catch (error) {
        await context.agent.clock.sleep(QUICK.first_ms);
        throw error;
      }
    };
    this.#parts.tasks.run(work, () => {
      this.#tearDown = { busy: false, done };
    });
  }
}

/** Nothing of the Pod is left here: its object may go. */
async function deleteFromApi({ agent, uid, pod }: PodContext): Promise<void> {
  const { name = '', namespace } = pod.metadata;
  try {
    await agent.client.resource(PODS).delete(name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'Conflict')) throw error;
  }
}
