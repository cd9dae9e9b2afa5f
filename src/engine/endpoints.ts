import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isSystemError, type Logger } from '#kit';
import type { Linux } from '#linux';
import { macOf, type Network, type PublishedPort } from '#network';
import { type ContainerRecord, isLive, type StoredEndpoint } from './container.ts';
import { alreadyConnected, invalid, notConnected, notRunning } from './errors.ts';
import { EMBEDDED_DNS } from './name-files.ts';
import { namesFor } from './names-of-network.ts';
import type { NetworkStore } from './networks.ts';
import type { ContainerTable, Entry } from './table.ts';
import type { Container, EndpointSpec, EngineNetwork } from './types.ts';

type Endpoints = Readonly<Record<string, StoredEndpoint>>;
type Ports = Container['ports'];

export interface EndpointOptions {
  readonly network: Network;
  readonly linux: Pick<Linux, 'namespaces'>;
  readonly networks: NetworkStore;
  readonly table: ContainerTable;
  readonly logger: Logger;
  readonly resolvConf?: string;
}

/** Joins containers to networks: the namespace, its links, its names and its ports. */
export class ContainerNetworks {
  readonly #options: EndpointOptions;
  readonly #responders = new Map<string, AsyncDisposable>();

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /** The machine's resolv.conf(5). */
  async hostResolvConf(): Promise<string> {
    try {
      return await readFile(this.#options.resolvConf ?? '/etc/resolv.conf', 'utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return '';
      throw error;
    }
  }

  /** The namespace that the container's process is to stand in; undefined: the daemon's. Errors: `CONTAINER_NOT_RUNNING`. */
  namespaceOf(record: ContainerRecord): string | undefined {
    const mode = record.spec.network;
    if (mode.kind === 'host') return undefined;
    if (mode.kind === 'namespace') return mode.path;
    if (mode.kind !== 'container') return this.#options.network.namespacePath(record.id);
    const other = this.#options.table.find(mode.id).record;
    if (!isLive(other.state)) throw notRunning(mode.id);
    return this.namespaceOf(other);
  }

  /** Takes an address in each network asked for. Nothing is made yet. */
  plan(record: ContainerRecord): Endpoints {
    const mode = record.spec.network;
    if (mode.kind !== 'networks') return {};
    const endpoints: Record<string, StoredEndpoint> = {};
    try {
      for (const [ref, spec] of Object.entries(mode.endpoints)) {
        const network = this.#options.networks.get(ref);
        endpoints[network.name] = this.#take(network, spec, `eth${Object.keys(endpoints).length}`);
      }
      return endpoints;
    } catch (error) {
      for (const endpoint of Object.values(endpoints)) this.#options.networks.release(endpoint);
      throw error;
    }
  }

  #take(network: EngineNetwork, spec: EndpointSpec, interfaceName: string): StoredEndpoint {
    const taken = this.#options.networks.takeAddress(network, spec.address);
    return { networkId: network.id, ...taken, macAddress: spec.macAddress ?? macOf(taken.address), aliases: spec.aliases ?? [], interfaceName };
  }

  /** Makes the namespace, still without links, where the container has one of its own. */
  async makeNamespace(record: ContainerRecord): Promise<void> {
    const { kind } = record.spec.network;
    if (kind !== 'networks' && kind !== 'none') return;
    const namespace = await this.#options.network.createNamespace(record.id);
    this.#options.linux.namespaces.setSysctl(namespace, 'net/ipv4/ping_group_range', '0 2147483647');
  }

  /** Links the namespace into each network. */
  async join(record: ContainerRecord, endpoints: Endpoints): Promise<void> {
    const { network, networks } = this.#options;
    const namespace = network.namespacePath(record.id);
    const entries = Object.entries(endpoints);
    await Promise.all(entries.map(([name]) => networks.ensureBridge(networks.get(name))));
    const first = entries.find(([name]) => !networks.get(name).internal)?.[0];
    for (const [name, endpoint] of entries) await this.#attach(namespace, networks.get(name), endpoint, name === first);
  }

  /** Makes the links of a running container be those on record: a crash may have come between the two. */
  async joinRecorded(record: ContainerRecord): Promise<void> {
    const { kind } = record.spec.network;
    if (kind !== 'networks' && kind !== 'none') return;
    const { network, networks, linux } = this.#options;
    const namespace = network.namespacePath(record.id);
    const there = linux.namespaces.run(namespace, linksHere);
    const wanted = Object.entries(record.endpoints);
    for (const name of there) if (!wanted.some(([, { interfaceName }]) => interfaceName === name)) await network.detach(namespace, name);
    const first = wanted.find(([name]) => !networks.get(name).internal)?.[0];
    for (const [name, endpoint] of wanted)
      if (!there.includes(endpoint.interfaceName)) await this.#attach(namespace, networks.get(name), endpoint, name === first);
  }

  async #attach(namespace: string, network: EngineNetwork, endpoint: StoredEndpoint, isWayOut: boolean): Promise<void> {
    const { address, prefixLength, gateway, macAddress, interfaceName } = endpoint;
    const mtu = network.options['com.docker.network.driver.mtu'];
    const bridge = await this.#options.networks.ensureBridge(network);
    await this.#options.network.attach({
      namespace,
      bridge,
      interfaceName,
      address,
      prefixLength,
      macAddress,
      ...(isWayOut ? { gateway } : {}),
      ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
    });
  }

  /** Publishes what was asked for. Errors: `PORT_IN_USE`; then nothing is published. */
  async publish(record: ContainerRecord, endpoints: Endpoints): Promise<Ports> {
    const target = Object.values(endpoints)[0];
    const wanted = target === undefined ? [] : portsWanted(record, target.address);
    const real = wanted.length === 0 ? [] : await this.#options.network.publish(wanted);
    return target === undefined ? [] : portsOf(record, real);
  }

  /**
   * Publishes anew for a running container what its record asks for, with no restart: what was chosen by the machine stays as it is.
   * Errors: `PORT_IN_USE`; then what was published still is.
   */
  async republish(record: ContainerRecord): Promise<Ports> {
    const target = Object.values(record.endpoints)[0];
    if (target === undefined) return [];
    const wanted = withChosenPorts(portsWanted(record, target.address), record.ports);
    return portsOf(record, await this.#options.network.republish(record.id, wanted));
  }

  /** Makes what is published be what the record of a running container says: a crash may have come between the two. */
  async publishRecorded(record: ContainerRecord): Promise<void> {
    const target = Object.values(record.endpoints)[0];
    if (target === undefined) return;
    const ports = record.ports.flatMap(({ containerPort, protocol, hostAddress, hostPort }) =>
      hostPort === undefined || hostAddress === undefined
        ? []
        : [{ owner: record.id, protocol, hostAddress, hostPort, targetAddress: target.address, targetPort: containerPort }],
    );
    await this.#options.network.republish(record.id, ports);
  }

  /** Answers names inside the container's namespace. Fine when it does already. */
  async serveNames(entry: Entry): Promise<void> {
    const { id } = entry.record;
    const namespace = this.namespaceOf(entry.record);
    if (this.#responders.has(id) || namespace === undefined) return;
    const { servers = [] } = entry.record.spec.dns ?? {};
    const responder = {
      namespace,
      address: EMBEDDED_DNS,
      handler: namesFor(entry, this.#options.table),
      ...(servers.length > 0 ? { resolvers: servers } : {}),
    };
    this.#responders.set(id, await this.#options.network.serveDns(responder));
  }

  /** Takes ports, names, links and addresses away. Works on half-made ones too. */
  async release(record: ContainerRecord, endpoints: Endpoints): Promise<void> {
    const { network, networks } = this.#options;
    await this.stopNames(record.id);
    await network.unpublish(record.id);
    const { kind } = record.spec.network;
    if (kind === 'networks' || kind === 'none') await network.removeNamespace(record.id);
    for (const endpoint of Object.values(endpoints)) networks.release(endpoint);
  }

  async stopNames(id: string): Promise<void> {
    const responder = this.#responders.get(id);
    this.#responders.delete(id);
    await responder?.[Symbol.asyncDispose]();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#responders.keys()].map((id) => this.stopNames(id)));
  }

  /** Joins a container to a network, also while it runs. Answers its new record. Errors: `ENDPOINT_EXISTS`, … */
  async connect(entry: Entry, ref: string, spec: EndpointSpec): Promise<ContainerRecord> {
    const network = this.#options.networks.get(ref);
    const { record } = entry;
    const mode = record.spec.network;
    if (mode.kind !== 'networks' && mode.kind !== 'none')
      throw invalid('network', `container ${record.name} shares another network namespace and can't be connected`);
    const wanted = mode.kind === 'networks' ? mode.endpoints : {};
    if (Object.keys(wanted).some((name) => this.#options.networks.get(name).id === network.id)) throw alreadyConnected(record.name, network.name);
    const changed = { ...record, spec: { ...record.spec, network: { kind: 'networks' as const, endpoints: { ...wanted, [network.name]: spec } } } };
    if (!isLive(record.state)) return changed;
    const names = new Set(Object.values(record.endpoints).map(({ interfaceName }) => interfaceName));
    let index = 0;
    while (names.has(`eth${index}`)) index += 1;
    const endpoint = this.#take(network, spec, `eth${index}`);
    const hasWayOut = Object.keys(record.endpoints).some((name) => !this.#options.networks.get(name).internal);
    try {
      await this.#attach(this.#options.network.namespacePath(record.id), network, endpoint, !hasWayOut && !network.internal);
    } catch (error) {
      this.#options.networks.release(endpoint);
      throw error;
    }
    return { ...changed, endpoints: { ...record.endpoints, [network.name]: endpoint } };
  }

  /** Errors: `ENDPOINT_UNKNOWN`. */
  async disconnect(entry: Entry, ref: string): Promise<ContainerRecord> {
    const network = this.#options.networks.get(ref);
    const { record } = entry;
    const mode = record.spec.network;
    const wanted = mode.kind === 'networks' ? Object.entries(mode.endpoints) : [];
    const rest = wanted.filter(([name]) => this.#options.networks.get(name).id !== network.id);
    if (rest.length === wanted.length) throw notConnected(record.name, network.name);
    const { [network.name]: endpoint, ...endpoints } = record.endpoints;
    if (endpoint) {
      await this.#options.network.detach(this.#options.network.namespacePath(record.id), endpoint.interfaceName);
      this.#options.networks.release(endpoint);
    }
    return { ...record, endpoints, spec: { ...record.spec, network: { kind: 'networks', endpoints: Object.fromEntries(rest) } } };
  }
}

/** The names of the links where the calling thread stands (proc_pid_net(5)) that may be ours: a container may make others itself. */
function linksHere(): readonly string[] {
  const lines = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n').slice(2);
  return lines.map((line) => line.split(':', 1)[0]?.trim() ?? '').filter((name) => /^eth\d+$/.test(name));
}

/** What is shown of them: the published ones, and those that are only exposed. */
function portsOf(record: ContainerRecord, real: readonly PublishedPort[]): Ports {
  const published = real.map(({ targetPort, protocol, hostAddress, hostPort }) => ({ containerPort: targetPort, protocol, hostAddress, hostPort }));
  const exposed = record.exposed
    .map(parsePort)
    .filter(({ containerPort, protocol }) => !published.some((port) => port.containerPort === containerPort && port.protocol === protocol));
  return [...published, ...exposed];
}

/** Where the machine is to choose a port and has chosen one before, it is that one. Pure. */
export function withChosenPorts(wanted: readonly PublishedPort[], before: Ports): readonly PublishedPort[] {
  const named = (port: Ports[number]) => wanted.some(({ protocol, hostPort }) => protocol === port.protocol && hostPort === port.hostPort);
  const free = before.filter((port) => port.hostPort !== undefined && !named(port));
  return wanted.map((port) => {
    if (port.hostPort !== 0) return port;
    const index = free.findIndex((old) => old.containerPort === port.targetPort && old.protocol === port.protocol && old.hostAddress === port.hostAddress);
    const [chosen] = index < 0 ? [] : free.splice(index, 1);
    return chosen?.hostPort === undefined ? port : { ...port, hostPort: chosen.hostPort };
  });
}

function portsWanted(record: ContainerRecord, targetAddress: string): PublishedPort[] {
  const { publish = [], publishAll = false } = record.spec;
  const asked = publish.map(({ containerPort, protocol, hostAddress, hostPort }) => ({
    containerPort,
    protocol,
    hostAddress: hostAddress || '0.0.0.0',
    hostPort: hostPort ?? 0,
  }));
  const all = publishAll
    ? record.exposed.map(parsePort).filter((port) => !asked.some((one) => one.containerPort === port.containerPort && one.protocol === port.protocol))
    : [];
  return [...asked, ...all.map((port) => ({ ...port, hostAddress: '0.0.0.0', hostPort: 0 }))].map(({ containerPort, ...port }) => ({
    ...port,
    owner: record.id,
    targetAddress,
    targetPort: containerPort,
  }));
}

/** `80/tcp` as numbers. Errors: `ENGINE_INVALID`. */
export function parsePort(text: string): { readonly containerPort: number; readonly protocol: 'tcp' | 'udp' | 'sctp' } {
  const [number = '', protocol = 'tcp'] = text.split('/');
  if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > 65_535 || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp'))
    throw invalid('port', `"${text}"; a right one looks like 80/tcp`);
  return { containerPort: Number(number), protocol };
}
