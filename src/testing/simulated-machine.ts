import type { MachineFacts, NodeMachine, Payload, PodFiles, PodNetwork } from '#cluster/node';
import { type Clock, GantryError } from '#kit';
import type { SimulatedRuntime } from './simulated-runtime.ts';

const FACTS: MachineFacts = {
  architecture: 'x64',
  hostname: 'simulated',
  kernelVersion: '6.1.0-simulated',
  osImage: 'Simulated node',
  machineId: 'simulated',
  bootId: 'simulated',
};
/** A node's Pods have their addresses in a block of its own, 10.1.0.0/24 and on. */
export const NODE_PODS_MAX = 250;
/** Up to where Services have theirs. */
export const NODES_MAX = 95 * 256;

/** A machine of which nothing is on any disk. Simulated processes read no files: what their Pods are given is checked, and then forgotten. */
export function simulatedMachine(node: string, runtime: SimulatedRuntime, network: SimulatedNetwork, clock: Clock): NodeMachine {
  return {
    facts: async () => ({ ...FACTS, hostname: node }),
    usage: async () => ({ cpu_total_ns: clock.monotonic() * 1000, memory_bytes: 0 }),
    files: new MemoryFiles(runtime),
    wires: {
      async getHttp(url) {
        const { hostname, port } = new URL(url);
        const serving = runtime.serving(network.podAt(hostname) ?? '');
        if (serving === undefined) throw new Error(`Get "${url}": dial tcp ${hostname}:${port}: connect: connection refused`);
        return serving.httpStatus;
      },
      async dial(host, port) {
        if (runtime.serving(network.podAt(host) ?? '') === undefined) throw new Error(`dial tcp ${host}:${port}: connect: connection refused`);
      },
    },
  };
}

/** Pods' folders as names only. */
class MemoryFiles implements PodFiles {
  readonly #runtime: SimulatedRuntime;
  readonly #pods = new Set<string>();

  constructor(runtime: SimulatedRuntime) {
    this.#runtime = runtime;
  }

  async readOwn() {
    return { hosts: '', resolvConf: '' };
  }
  async writeHostFiles(podUid: string) {
    this.#pods.add(podUid);
    return { hosts: `/pods/${podUid}/hosts`, resolvConf: `/pods/${podUid}/resolv.conf` };
  }
  async makeEmptyDir(podUid: string, volume: string) {
    return `/pods/${podUid}/volumes/${volume}`;
  }
  async writePayload(podUid: string, volume: string, _payload: Payload) {
    return `/pods/${podUid}/volumes/${volume}`;
  }
  async prepareHostPath(_volume: string, path: string) {
    return path;
  }
  async enter({ path }: { readonly path: string }, subPath: string) {
    return `${path}/${subPath}`;
  }
  async makeLastWords(podUid: string, container: string, attempt: number) {
    return `/pods/${podUid}/containers/${container}/${attempt}.log`;
  }
  async readLastWords(podUid: string, container: string, attempt: number) {
    return this.#runtime.lastWords(podUid, container, attempt);
  }
  async pods() {
    return [...this.#pods];
  }
  async remove(podUid: string) {
    this.#pods.delete(podUid);
  }
}

/** The addresses that Pods of one node have, for another one to go on from. */
export interface NetworkState {
  readonly next: number;
  readonly pods: readonly (readonly [uid: string, address: string])[];
}

/** Addresses without wires. */
export class SimulatedNetwork implements PodNetwork {
  readonly dns = { servers: ['10.96.0.10'], clusterDomain: 'cluster.local' };
  readonly #node: number;
  readonly #pods: Map<string, string>;
  readonly #byAddress: Map<string, string>;
  #next: number;

  /** `node` numbers the nodes of a cluster from 0. */
  constructor(node: number, from: NetworkState = { next: 0, pods: [] }) {
    this.#node = node;
    this.#next = from.next;
    this.#pods = new Map(from.pods);
    this.#byAddress = new Map(from.pods.map(([uid, address]) => [address, uid]));
  }

  async add({ uid }: { readonly uid: string }) {
    const address = this.#pods.get(uid) ?? this.#fresh();
    this.#pods.set(uid, address);
    this.#byAddress.set(address, uid);
    return { address, namespacePath: `/run/netns/${uid}` };
  }
  async remove(uid: string) {
    this.#byAddress.delete(this.#pods.get(uid) ?? '');
    this.#pods.delete(uid);
  }
  async status(uid: string) {
    const address = this.#pods.get(uid);
    return address === undefined ? undefined : { address, namespacePath: `/run/netns/${uid}` };
  }
  async list() {
    return [...this.#pods.keys()];
  }
  async connect(_uid: string, port: number): Promise<never> {
    throw new GantryError(
      'SIMULATED',
      501,
      `Cannot connect to port ${port}: the Pod is simulated, and there is no server in it. Run it with "gantry up" to reach it`,
    );
  }
  async servedConnections() {
    return 0;
  }
  async publish() {}

  podAt(address: string): string | undefined {
    return this.#byAddress.get(address);
  }
  state(): NetworkState {
    return { next: this.#next, pods: [...this.#pods] };
  }

  /** An address is given again only after all others of its node were. */
  #fresh(): string {
    for (let tries = 0; tries < NODE_PODS_MAX; tries += 1) {
      const address = `10.${1 + (this.#node >> 8)}.${this.#node & 255}.${2 + (this.#next++ % NODE_PODS_MAX)}`;
      if (!this.#byAddress.has(address)) return address;
    }
    throw new GantryError('NO_ADDRESS', 503, `all ${NODE_PODS_MAX} addresses of the simulated node are taken`);
  }
}
