import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { KeyedMutex, readJson, removeDurable, writeDurable } from '#kit';
import { type AddressPool, createAddressPool, nthAddress, parseCidr } from '#network';
import { podNotConnected, recordUnreadable } from './errors.ts';
import type { ClusterPodNetwork, HostPort, PodNetworkOptions } from './types.ts';

/** What is remembered of a Pod, durably: its address stays its own until it is removed. */
interface PodRecord {
  readonly version: 1;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

const PREFIX = 'pod-';
const INTERFACE = 'eth0';

/** The Pods' network of one node: a bridge, and for each Pod a namespace with an address. */
export function createPodNetwork(options: PodNetworkOptions): ClusterPodNetwork {
  return new BridgedPods(options);
}

class BridgedPods implements ClusterPodNetwork {
  readonly gateway: string;
  readonly dns: ClusterPodNetwork['dns'];
  readonly #options: PodNetworkOptions;
  readonly #records = new Map<string, PodRecord>();
  /** Pods whose namespace and link are known to stand. */
  readonly #connected = new Set<string>();
  readonly #mutex = new KeyedMutex();
  #pool: AddressPool | undefined;

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.gateway = nthAddress(options.podCidr, 1);
    this.dns = { servers: [options.clusterDnsAddress], clusterDomain: options.clusterDomain };
  }

  async start(): Promise<void> {
    const { network, podCidr, clusterCidr, bridge } = this.#options;
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await this.#load();
    this.#pool = createAddressPool({ subnet: podCidr, gateway: this.gateway, taken: [...this.#records.values()].map(({ address }) => address) });
    const standing = new Set(await network.listNamespaces());
    for (const uid of this.#records.keys()) if (standing.has(namespaceOf(uid))) this.#connected.add(uid);
    await network.ensureBridge({
      name: bridge,
      subnet: podCidr,
      gateway: this.gateway,
      internal: false,
      masquerade: true,
      masqueradeExcept: [clusterCidr ?? podCidr],
      isolated: false,
    });
  }

  async add(pod: { readonly uid: string; readonly namespace: string; readonly name: string }): Promise<{ address: string; namespacePath: string }> {
    return await this.#mutex.run(pod.uid, async () => {
      const known = this.#records.get(pod.uid);
      const { network } = this.#options;
      if (known !== undefined && this.#connected.has(pod.uid)) return { address: known.address, namespacePath: network.namespacePath(namespaceOf(pod.uid)) };
      const address = known?.address ?? this.#started.take();
      try {
        const namespacePath = await this.#connectPod(pod.uid, address);
        if (known === undefined) await this.#remember({ version: 1, ...pod, address });
        this.#connected.add(pod.uid);
        return { address, namespacePath };
      } catch (error) {
        if (known === undefined) this.#started.release(address);
        throw error;
      }
    });
  }

  async remove(podUid: string): Promise<void> {
    await this.#mutex.run(podUid, async () => {
      const { network } = this.#options;
      await network.unpublish(namespaceOf(podUid));
      await network.detach(network.namespacePath(namespaceOf(podUid)), INTERFACE);
      await network.removeNamespace(namespaceOf(podUid));
      this.#connected.delete(podUid);
      const record = this.#records.get(podUid);
      if (record === undefined) return;
      await removeDurable(this.#path(podUid));
      this.#records.delete(podUid);
      this.#started.release(record.address);
    });
  }

  async status(podUid: string): Promise<{ address: string; namespacePath: string } | undefined> {
    const record = this.#records.get(podUid);
    if (record === undefined || !this.#connected.has(podUid)) return undefined;
    return { address: record.address, namespacePath: this.#options.network.namespacePath(namespaceOf(podUid)) };
  }

  /** Half-made ones included. */
  async list(): Promise<readonly string[]> {
    const names = await this.#options.network.listNamespaces();
    const standing = names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
    return [...new Set([...this.#records.keys(), ...standing])];
  }

  async connect(podUid: string, port: number): Promise<Duplex> {
    const found = await this.status(podUid);
    if (found === undefined) throw podNotConnected(podUid);
    return await this.#options.connectTcp(found.namespacePath, '127.0.0.1', port);
  }

  async servedConnections(podUid: string): Promise<number> {
    const found = await this.status(podUid);
    return found === undefined ? 0 : await this.#options.network.servedConnections(found.namespacePath);
  }

  async publish(podUid: string, ports: readonly HostPort[]): Promise<void> {
    const record = this.#records.get(podUid);
    if (record === undefined) throw podNotConnected(podUid);
    await this.#options.network.publish(
      ports.map(({ hostPort, hostAddress, containerPort, protocol }) => ({
        owner: namespaceOf(podUid),
        protocol: protocol === 'UDP' ? 'udp' : 'tcp',
        hostAddress: hostAddress ?? '0.0.0.0',
        hostPort,
        targetAddress: record.address,
        targetPort: containerPort,
      })),
    );
  }

  get #dir(): string {
    return join(this.#options.dataDir, 'pod-network');
  }
  get #started(): AddressPool {
    if (this.#pool === undefined) throw new TypeError('the Pod network was not started');
    return this.#pool;
  }

  #path(uid: string): string {
    return join(this.#dir, `${uid}.json`);
  }

  async #connectPod(uid: string, address: string): Promise<string> {
    const { network, podCidr, bridge } = this.#options;
    const namespacePath = await network.createNamespace(namespaceOf(uid));
    const { prefixLength } = parseCidr(podCidr);
    await network.attach({ namespace: namespacePath, bridge, interfaceName: INTERFACE, address, prefixLength, gateway: this.gateway });
    return namespacePath;
  }

  async #remember(record: PodRecord): Promise<void> {
    await writeDurable(this.#path(record.uid), JSON.stringify(record));
    this.#records.set(record.uid, record);
  }

  async #load(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (!name.endsWith('.json')) continue;
      const record = toRecord(join(this.#dir, name), await readJson(join(this.#dir, name)));
      this.#records.set(record.uid, record);
    }
  }
}

function namespaceOf(uid: string): string {
  return `${PREFIX}${uid}`;
}

function toRecord(path: string, value: unknown): PodRecord {
  if (typeof value !== 'object' || value === null) throw recordUnreadable(path, 'it is no object');
  const { version, uid, namespace, name, address } = value as Record<string, unknown>;
  if (version !== 1) throw recordUnreadable(path, `its version is ${String(version)}, not 1`);
  if (typeof uid !== 'string' || typeof namespace !== 'string' || typeof name !== 'string' || typeof address !== 'string')
    throw recordUnreadable(path, 'a field is missing');
  return { version, uid, namespace, name, address };
}
