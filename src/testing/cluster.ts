import type { KubeObject, UserInfo } from '#cluster/api';
import type { ClusterClient } from '#cluster/client';
import { type Clock, createLogger, FakeClock, type Logger, seededRandom, type SeededRandom, silentLogger } from '#kit';
import { applyManifests } from './apply.ts';
import { type Content, ControlPlane, VERSION } from './control-plane.ts';
import { badOptions, clockIsReal, neverHeld } from './errors.ts';
import { KeepAlive } from './keep-alive.ts';
import type { ContainerScript, ImageScript, PodScript, Run } from './script.ts';
import { serveApi } from './serve.ts';
import { settle } from './settle.ts';
import { NODE_PODS_MAX, NODES_MAX } from './simulated-machine.ts';
import { Node, type NodeRooms, type NodeState } from './simulated-node.ts';
import type { NodeOptions, SimulatedNode, Snapshot, TestCluster } from './types.ts';
import { unheldClock } from './unheld-clock.ts';
import { nameUnstopped } from './unstopped.ts';

const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 100;
const FAKE_PATIENCE_MS = 3_600_000;

/** All that a cluster begins with. */
export interface Beginning {
  readonly clock: 'system' | 'fake';
  /** Milliseconds since the Unix epoch, where the clock is fake. */
  readonly time_ms: number;
  readonly seed: number;
  readonly randomState: number;
  readonly content: Content;
  readonly nodes: readonly NodeState[];
  readonly scripts: readonly PodScript[];
  readonly images: ImageScript;
  readonly log: ((line: string) => void) | undefined;
}

/** What a cluster stands on: each one's own. */
interface Ground {
  readonly clock: Clock;
  readonly fake: FakeClock | undefined;
  readonly random: SeededRandom;
  readonly logger: Logger;
  readonly token: string;
}

/** See `TestCluster`. */
export class Cluster implements TestCluster {
  readonly client: ClusterClient;
  readonly #beginning: Beginning;
  readonly #ground: Ground;
  readonly #plane: ControlPlane;
  readonly #nodes = new Map<string, Node>();
  readonly #scripts: PodScript[];
  readonly #keepAlive = new KeepAlive();
  readonly #unstopped: Disposable;
  #changes = 0;
  #served: Promise<string> | undefined;
  #stopping: Promise<void> | undefined;

  /** Resolves when everything works. `startedAt` names the place in the caller's program. */
  static async start(beginning: Beginning, startedAt: string): Promise<Cluster> {
    const ground = groundOf(beginning);
    const plane = await ControlPlane.start(ground, beginning.content, { user: ADMIN, token: ground.token });
    const cluster = new Cluster(beginning, ground, plane, startedAt);
    try {
      await cluster.#startNodes();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(beginning: Beginning, ground: Ground, plane: ControlPlane, startedAt: string) {
    this.#beginning = beginning;
    this.#ground = ground;
    this.#plane = plane;
    this.#scripts = [...beginning.scripts];
    this.client = this.#keepAlive.attend(plane.client(ADMIN));
    this.#unstopped = nameUnstopped(`the cluster with seed ${beginning.seed}`, startedAt);
    for (const node of beginning.nodes) this.#nodes.set(node.options.name, new Node(node, this.#rooms()));
  }

  get clock(): Clock {
    return this.#ground.clock;
  }
  get seed(): number {
    return this.#beginning.seed;
  }
  get nodes(): ReadonlyMap<string, SimulatedNode> {
    return this.#nodes;
  }

  as(user: string, groups: readonly string[] = ['system:authenticated']): ClusterClient {
    return this.#keepAlive.attend(this.#plane.client({ name: user, groups }));
  }

  async addNode(options: NodeOptions = {}): Promise<SimulatedNode> {
    const number = this.#nodes.size;
    const name = options.name ?? `node-${number}`;
    checkNode(options, number);
    if (this.#nodes.has(name)) throw badOptions(`there is a node "${name}" already`);
    const node = new Node({ options: { ...options, name }, number }, this.#rooms());
    this.#nodes.set(name, node);
    await node.start();
    return node;
  }

  script(pods: PodScript): void {
    this.#scripts.push(pods);
  }

  apply(manifests: string | KubeObject | readonly KubeObject[]): Promise<readonly KubeObject[]> {
    return applyManifests(this.client, manifests);
  }

  async settled(): Promise<void> {
    using _held = this.#keepAlive.hold();
    await settle(this.#pulse);
  }

  async advance(duration_ms: number): Promise<void> {
    const { fake } = this.#ground;
    if (fake === undefined) throw clockIsReal();
    await fake.advance(duration_ms, () => this.settled());
  }

  async until(what: string, condition: () => boolean | Promise<boolean>, timeout_ms?: number): Promise<void> {
    using _held = this.#keepAlive.hold();
    const { fake, clock } = this.#ground;
    const wait_ms = timeout_ms ?? (fake === undefined ? PATIENCE_MS : FAKE_PATIENCE_MS);
    const end_ms = clock.monotonic() + wait_ms;
    for (;;) {
      const revision = await this.#plane.store.revision();
      if (fake !== undefined) await this.settled();
      const look = await looked(condition);
      if (look.holds) return;
      const left_ms = end_ms - clock.monotonic();
      const next_ms = fake?.next_ms;
      const isLate = left_ms <= 0 || (fake !== undefined && (next_ms === undefined || next_ms > end_ms));
      if (isLate) throw neverHeld(what, wait_ms, this.seed, look.error);
      if (fake === undefined) await this.#changedSince(revision, left_ms);
      else await this.advance(Math.max(0, (next_ms ?? 0) - clock.now()));
    }
  }

  async snapshot(): Promise<Snapshot> {
    await this.settled();
    const { clock, random } = this.#ground;
    const content = await this.#plane.content();
    const beginning: Beginning = {
      ...this.#beginning,
      time_ms: clock.now(),
      randomState: random.state(),
      content,
      nodes: [...this.#nodes.values()].map((node) => node.state()),
      scripts: [...this.#scripts],
    };
    return {
      time_ms: beginning.time_ms,
      revision: content.revision,
      fork: () => Cluster.start(beginning, 'as a fork of another one'),
    };
  }

  async fork(): Promise<TestCluster> {
    return await (await this.snapshot()).fork();
  }

  kubeconfig(): Promise<string> {
    this.#served ??= serveApi(this.#plane.server, this.#ground.token);
    return this.#served;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#unstopped[Symbol.dispose]();
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    await this.#plane.stop();
  }

  async #startNodes(): Promise<void> {
    const running = new Set(this.#beginning.nodes.filter((node) => node.running).map(({ options }) => options.name));
    await Promise.all([...this.#nodes.values()].filter(({ name }) => running.has(name)).map((node) => node.start()));
    if (this.#ground.fake !== undefined) await this.settled();
  }

  /** Changes with whatever happens in the cluster. */
  readonly #pulse = (): string => `${this.#changes}/${this.#plane.revision}/${this.#ground.fake?.timers ?? 0}`;

  /** Resolves with the next change of the store, or after that time; what is waited for may be elsewhere too, so that it is never long. */
  async #changedSince(revision: number, wait_ms: number): Promise<void> {
    const changed = Promise.withResolvers<void>();
    using _timer = this.#ground.clock.setTimer(Math.min(wait_ms, LOOK_AGAIN_MS), changed.resolve);
    using _watch = await this.#plane.store.watch('', revision, () => changed.resolve());
    await changed.promise;
  }

  #rooms(): NodeRooms {
    const { clock, random, logger } = this.#ground;
    return {
      clock,
      random,
      logger,
      version: VERSION,
      script: (run) => this.#scriptOf(run),
      images: this.#beginning.images,
      clientOf: (node) => this.#plane.client({ name: `system:node:${node}`, groups: ['system:authenticated', 'system:nodes'] }),
      connect: (node, connection) => this.#plane.connect(node, connection),
    };
  }

  #scriptOf(run: Run): ContainerScript {
    this.#changes += 1;
    for (const script of this.#scripts.toReversed()) {
      const found = script(run);
      if (found !== undefined) return found;
    }
    return {};
  }
}

function groundOf({ clock, time_ms, seed, randomState, log }: Beginning): Ground {
  const fake = clock === 'fake' ? new FakeClock(time_ms) : undefined;
  const random = seededRandom(seed, randomState);
  const own = fake ?? unheldClock;
  return {
    clock: own,
    fake,
    random,
    logger: log === undefined ? silentLogger : createLogger({ level: 'debug', clock: own, write: log }),
    token: random.hex(32),
  };
}

/** Errors: `BAD_OPTIONS`. */
export function checkNode({ capacity = {} }: NodeOptions, number: number): void {
  if (number >= NODES_MAX) throw badOptions(`more than ${NODES_MAX} nodes`);
  for (const [name, amount] of Object.entries(capacity))
    if (!Number.isInteger(amount) || amount <= 0) throw badOptions(`capacity.${name} is ${amount}, want a whole number above 0`);
  if ((capacity.pods ?? 0) > NODE_PODS_MAX) throw badOptions(`capacity.pods is ${capacity.pods}, want ${NODE_PODS_MAX} at most`);
}

async function looked(condition: () => boolean | Promise<boolean>): Promise<{ readonly holds: boolean; readonly error?: unknown }> {
  try {
    return { holds: await condition() };
  } catch (error) {
    // What is looked for may not be there yet; the last reason is told.
    return { holds: false, error };
  }
}
