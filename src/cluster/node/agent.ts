import type { V1Pod, V1Service } from '#cluster/api';
import { type Controller, createController, createEventRecorder, createInformer, type Informer, PODS, SERVICES } from '#cluster/client';
import { Connection } from './connection.ts';
import { NodeRegistration } from './machine/node-registration.ts';
import { Stats } from './machine/stats.ts';
import { removeOrphans } from './orphans.ts';
import { PodWorker } from './pods/worker.ts';
import { ObjectSources } from './sources.ts';
import type { AgentConnection, AgentContext, NodeAgent, NodeAgentOptions } from './types.ts';

const LEASE_EVERY_MS = 10_000;
const PODS_AT_A_TIME = 16;
const NODE_KEY = 'node';

/** The agent of one node: see `NodeAgent`. */
export function createNodeAgent(options: NodeAgentOptions): NodeAgent {
  return new Agent(options);
}

class Agent implements NodeAgent {
  readonly connection: AgentConnection;
  readonly #context: AgentContext;
  readonly #pods: Informer<V1Pod>;
  readonly #services: Informer<V1Service>;
  readonly #sources: ObjectSources;
  readonly #queue: Controller;
  readonly #node: Controller;
  readonly #workers = new Map<string, PodWorker>();
  readonly #subscriptions: Disposable[] = [];
  readonly #registered = Promise.withResolvers<void>();
  #state: 'starting' | 'ready' | 'stopped' = 'starting';

  constructor(options: NodeAgentOptions) {
    const { client, clock, random, logger, nodeName } = options;
    const shared = { clock, random, logger };
    this.#context = { ...options, events: createEventRecorder({ client, ...shared, component: 'kubelet', host: nodeName }) };
    this.#pods = createInformer<V1Pod>(client, PODS, { ...shared, fieldSelector: `spec.nodeName=${nodeName}` });
    this.#services = createInformer<V1Service>(client, SERVICES, shared);
    this.#sources = new ObjectSources(client, shared);
    this.#queue = createController({ name: `kubelet/${nodeName}`, ...shared, concurrency: PODS_AT_A_TIME, reconcile: (uid) => this.#reconcile(uid) });
    const registration = new NodeRegistration(options);
    const renew = async () => {
      await registration.renew();
      this.#registered.resolve();
      return { requeueAfter_ms: LEASE_EVERY_MS };
    };
    this.#node = createController({ name: `node/${nodeName}`, ...shared, retryFirst_ms: 100, retryLongest_ms: LEASE_EVERY_MS, reconcile: renew });
    this.connection = new Connection(this.#context, (uid) => this.#workers.get(uid)?.pod, new Stats(this.#context));
  }

  async start(): Promise<void> {
    this.#subscriptions.push(this.#pods.onChange(({ type, object }) => (type === 'deleted' ? this.#drop(object) : this.#take(object))));
    this.#subscriptions.push(this.#context.runtime.onChange((uid) => this.#workers.has(uid) && this.#queue.add(uid)));
    this.#node.add(NODE_KEY);
    this.#node.start();
    await Promise.all([this.#services.start(), this.#pods.start(), this.#registered.promise]);
    await removeOrphans(this.#context, new Set(this.#workers.keys()));
    this.#queue.start();
    if (this.#state === 'starting') this.#state = 'ready';
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    await Promise.all([this.#queue.stop(), this.#node.stop(), this.#pods.stop(), this.#services.stop()]);
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
    await this.#sources.stop();
    await this.#context.events.flush();
  }

  health(): ReturnType<NodeAgent['health']> {
    return { state: this.#state, pods: this.#workers.size, failing: { ...this.#node.health().failing, ...this.#queue.health().failing } };
  }

  #take(pod: V1Pod): void {
    const { uid } = pod.metadata;
    if (uid === undefined) return;
    const known = this.#workers.get(uid);
    if (known) known.update(pod);
    else this.#workers.set(uid, this.#hire(uid, pod));
    this.#queue.add(uid);
  }

  #hire(uid: string, pod: V1Pod): PodWorker {
    return new PodWorker(pod, {
      agent: this.#context,
      sources: this.#sources,
      services: () => this.#services.list(),
      others: () => [...this.#workers].filter(([other]) => other !== uid).map(([, { held }]) => held),
      wake: () => this.#queue.add(uid),
    });
  }

  #drop(pod: V1Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#workers.get(uid)?.remove(pod);
    this.#queue.add(uid);
  }

  async #reconcile(uid: string): Promise<{ readonly requeueAfter_ms?: number } | undefined> {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return undefined;
    const next = await worker.sync();
    if (worker.isOver) this.#workers.delete(uid);
    // It may have given back what another one waits for; one that waits itself has not.
    if (!worker.isDeferred) for (const [other, { isDeferred }] of this.#workers) if (isDeferred) this.#queue.add(other);
    if (!worker.isOver) return next;
    await worker.stop();
    return undefined;
  }
}
