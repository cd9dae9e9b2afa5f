import type { ClusterClient } from '#cluster/client';
import { type AgentConnection, createNodeAgent, type NodeAgent } from '#cluster/node';
import type { Clock, Logger, Random } from '#kit';
import { notRunning } from './errors.ts';
import type { ContainerScript, ImageScript, Run } from './script.ts';
import { type NetworkState, simulatedMachine, SimulatedNetwork } from './simulated-machine.ts';
import { type RuntimeState, SimulatedRuntime } from './simulated-runtime.ts';
import type { NodeOptions, SimulatedNode } from './types.ts';

const CORES = 4000;
const MEMORY_BYTES = 16 * 2 ** 30;
const PODS = 110;

/** A node as it is kept over the end of its agent, or of its cluster. */
export interface NodeState {
  readonly options: NodeOptions & { readonly name: string };
  readonly number: number;
  readonly running: boolean;
  readonly runtime: RuntimeState;
  readonly network: NetworkState;
}
export interface NodeRooms {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
  readonly script: (run: Run) => ContainerScript;
  readonly images: ImageScript;
  clientOf(node: string): ClusterClient;
  connect(node: string, connection: AgentConnection | undefined): void;
}

/** The node agent over processes that follow their scripts. */
export class Node implements SimulatedNode {
  readonly name: string;
  readonly #options: NodeOptions & { readonly name: string };
  readonly #number: number;
  readonly #rooms: NodeRooms;
  readonly #network: SimulatedNetwork;
  readonly runtime: SimulatedRuntime;
  #client: ClusterClient | undefined;
  #agent: NodeAgent | undefined;

  constructor({ options, number, runtime, network }: Pick<NodeState, 'options' | 'number'> & Partial<NodeState>, rooms: NodeRooms) {
    this.name = options.name;
    this.#options = options;
    this.#number = number;
    this.#rooms = rooms;
    const { clock, script, images } = rooms;
    this.runtime = new SimulatedRuntime({ node: options.name, clock, script, images, ...(runtime && { from: runtime }) });
    this.#network = new SimulatedNetwork(number, network);
  }

  get running(): boolean {
    return this.#agent !== undefined;
  }

  async start(): Promise<void> {
    if (this.#agent !== undefined) return;
    const { clock, random, logger, version } = this.#rooms;
    const { capacity = {}, labels } = this.#options;
    this.#client = this.#rooms.clientOf(this.name);
    this.#agent = createNodeAgent({
      nodeName: this.name,
      client: this.#client,
      runtime: this.runtime,
      network: this.#network,
      machine: simulatedMachine(this.name, this.runtime, this.#network, clock),
      clock,
      random,
      logger,
      address: `192.168.${this.#number >> 8}.${this.#number & 255}`,
      capacity: { cpu_millicores: capacity.cpu_millicores ?? CORES, memory_bytes: capacity.memory_bytes ?? MEMORY_BYTES, pods: capacity.pods ?? PODS },
      version,
      ...(labels && { labels }),
    });
    this.#rooms.connect(this.name, this.#agent.connection);
    await this.#agent.start();
  }

  async disconnect(): Promise<void> {
    this.#rooms.connect(this.name, undefined);
    // What it has under way it does not get to the server any more.
    await this.#client?.close();
    await this.#agent?.stop();
    this.#agent = undefined;
    this.#client = undefined;
  }

  async kill(): Promise<void> {
    this.runtime.lose();
    await this.disconnect();
  }

  exit({ namespace, name, container }: { readonly namespace: string; readonly name: string; readonly container?: string }, exitCode: number): void {
    const run = this.runtime
      .state()
      .processes.map((process) => process.container)
      .filter((one) => one.podNamespace === namespace && one.podName === name && (container === undefined || one.container === container))
      .findLast(({ state }) => state.status === 'running');
    if (run === undefined)
      throw notRunning(`Pod ${namespace}/${name} has no running container${container === undefined ? '' : ` "${container}"`} on ${this.name}`);
    this.runtime.exit(run.id, exitCode);
  }

  state(): NodeState {
    return { options: this.#options, number: this.#number, running: this.running, runtime: this.runtime.state(), network: this.#network.state() };
  }

  /** Ends it together with its cluster: nothing is written any more. */
  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.#client?.close();
    this.runtime[Symbol.dispose]();
    this.#agent = undefined;
  }
}
