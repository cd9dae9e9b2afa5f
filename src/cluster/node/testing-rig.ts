import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreV1Event, V1Container, V1Pod, V1PodSpec } from '#cluster/api';
import { PODS } from '#cluster/client';
import { FakeClock, silentLogger, systemRandom } from '#kit';
import { createNodeAgent } from './agent.ts';
import { openMachine } from './machine/open-machine.ts';
import { TestingCluster } from './testing-client.ts';
import { TestingRuntime, testingPodNetwork } from './testing-runtime.ts';
import type { NodeAgent, NodeAgentOptions } from './types.ts';

/** Turns of the event loop without anything under way after which it stays so. */
const QUIET_TURNS = 12;
/** Node.js' names for what it asks of the file system. */
const FILE_WORK = /^FSReq|CloseReq$/;

/** A node agent with everything around it scripted, on a clock that the test moves. */
export class Rig {
  readonly clock = new FakeClock();
  readonly cluster = new TestingCluster(() => this.clock.now());
  readonly runtime = new TestingRuntime(this.clock);
  readonly network = testingPodNetwork();
  readonly #dir: string;
  #agent: NodeAgent | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  static async make(options: Partial<NodeAgentOptions> = {}): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'gantry-node-')));
    await rig.startAgent(options);
    return rig;
  }

  get agent(): NodeAgent {
    if (this.#agent === undefined) throw new TypeError('the agent was not started');
    return this.#agent;
  }

  /** Ends the present agent, as a crash would, and starts another one on what is left. */
  async startAgent(options: Partial<NodeAgentOptions> = {}): Promise<void> {
    await this.#agent?.stop();
    const { clock, cluster: client, runtime, network } = this;
    const capacity = { cpu_millicores: 2000, memory_bytes: 2 ** 31, pods: 110 };
    this.#agent = createNodeAgent({
      nodeName: 'node-a',
      client,
      runtime,
      network,
      machine: openMachine({ dataDir: this.#dir, random: systemRandom }),
      clock,
      random: systemRandom,
      logger: silentLogger,
      address: '192.0.2.1',
      capacity,
      version: 'v1',
      ...options,
    });
    await this.#agent.start();
    await this.settle();
  }

  async createPod(name: string, container: Partial<V1Container> = {}, spec: Partial<V1PodSpec> = {}): Promise<void> {
    const containers = [{ name: 'main', image: 'app:1', ...container }];
    await this.cluster.resource<V1Pod>(PODS).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'node-a', restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers, ...spec },
    });
    await this.settle();
  }

  pod(name: string): V1Pod {
    const found = this.findPod(name);
    if (found === undefined) throw new TypeError(`there is no pod ${name}`);
    return found;
  }

  findPod(name: string): V1Pod | undefined {
    return this.cluster.all('pods').find(({ metadata }) => metadata.name === name) as V1Pod | undefined;
  }

  condition(name: string, type: string): string | undefined {
    return this.pod(name).status?.conditions?.find((condition) => condition.type === type)?.status;
  }

  /** `reason: message` of every event, in order. */
  events(): readonly string[] {
    return this.cluster.all('events').map((event) => `${(event as CoreV1Event).reason}: ${(event as CoreV1Event).message}`);
  }

  async pass(duration_ms: number): Promise<void> {
    await this.clock.advance(duration_ms, () => this.settle());
  }

  /** Until no file is being read or written and every promise had its turns: nothing more happens by itself. */
  async settle(): Promise<void> {
    for (let quiet = 0, seen = ''; quiet < QUIET_TURNS; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const isBusy = process.getActiveResourcesInfo().some((name) => FILE_WORK.test(name));
      const now = `${this.runtime.calls.length}/${this.cluster
        .all('pods')
        .map(({ metadata }) => metadata.resourceVersion)
        .join()}`;
      quiet = !isBusy && now === seen ? quiet + 1 : 0;
      seen = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
