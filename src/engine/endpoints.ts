import { readFile } from 'node:fs/promises';
import { isSystemError, type Logger, messageOf } from '#kit';
import type { Linux } from '#linux';
import { macOf, type Network } from '#network';
import { checkEndpoint } from './check-endpoint.ts';
import { type ContainerRecord, isLive, type StoredEndpoint } from './container.ts';
import { alreadyConnected, invalid, notConnected, notRunning } from './errors.ts';
import { EMBEDDED_DNS } from './name-files.ts';
import { namesFor } from './names-of-network.ts';
import { bridgeSettings, endpointSettings, macvlanSettings } from './network-options.ts';
import type { NetworkStore } from './networks.ts';
import { type Ports, portsOf, portsRecorded, portsWanted, type PublishTarget, withChosenPorts } from './publishing.ts';
import type { ContainerTable, Entry } from './table.ts';
import type { EndpointSpec, EngineNetwork } from './types.ts';
import { type Endpoints, type WaysOut, waysOut } from './ways-out.ts';

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
        endpoints[network.name] = this.#take(network, spec, endpoints);
      }
      return endpoints;
    } catch (error) {
      for (const endpoint of Object.values(endpoints)) this.#options.networks.release(endpoint);
      throw error;
    }
  }

  #take(network: EngineNetwork, spec: EndpointSpec, others: Endpoints): StoredEndpoint {
    const interfaceName = interfaceFor(network, spec, others);
    const taken = this.#options.networks.takeAddress(network, spec);
    const { aliases = [], gwPriority } = spec;
    const macAddress = spec.macAddress ?? macOf(taken.address);
    return { networkId: network.id, ...taken, macAddress, aliases, interfaceName, ...(gwPriority === undefined ? {} : { gwPriority }) };
  }

  /** Makes the namespace, still without links, where the container has one of its own. */
  async makeNamespace(record: ContainerRecord): Promise<void> {
    const { kind } = record.spec.network;
    if (kind !== 'networks' && kind !== 'none') return;
    const namespace = await this.#options.network.createNamespace(record.id);
    this.#options.linux.namespaces.setSysctl(namespace, 'net/ipv4/ping_group_range', '0 2147483647');
  }

  #waysOut(endpoints: Endpoints): WaysOut {
    return waysOut(endpoints, (name) => this.#options.networks.get(name));
  }

  /** Links the namespace into each network. */
  async join(record: ContainerRecord, endpoints: Endpoints): Promise<void> {
    const { network, networks } = this.#options;
    const namespace = network.namespacePath(record.id);
    const entries = Object.entries(endpoints);
    await Promise.all(entries.map(([name]) => networks.get(name)).flatMap((each) => (each.driver === 'bridge' ? [networks.ensureBridge(each)] : [])));
    const ways = this.#waysOut(endpoints);
    for (const [name, endpoint] of entries) await this.#attach(namespace, networks.get(name), endpoint, ways, this.#specOf(record, name));
  }

  /** What was asked for at one of its networks, by whatever name. */
  #specOf({ spec: { network } }: ContainerRecord, name: string): EndpointSpec {
    const asked = network.kind === 'networks' ? Object.entries(network.endpoints) : [];
    return asked.find(([ref]) => this.#options.networks.get(ref).name === name)?.[1] ?? {};
  }

  async #attach(namespace: string, network: EngineNetwork, endpoint: StoredEndpoint, ways: WaysOut, spec: EndpointSpec): Promise<void> {
    const { address, prefixLength, gateway, macAddress, interfaceName, ipv6 } = endpoint;
    const common = {
      namespace,
      interfaceName,
      address,
      prefixLength,
      macAddress,
      ...(ways.ipv4 === network.name ? { gateway } : {}),
      ...(ipv6 === undefined
        ? {}
        : { ipv6: { address: ipv6.address, prefixLength: ipv6.prefixLength, ...(ways.ipv6 === network.name ? { gateway: ipv6.gateway } : {}) } }),
    };
    if (network.driver === 'macvlan') {
      const { mode, mtu } = macvlanSettings(network.options);
      if (network.parent === undefined) throw new TypeError('a macvlan network without a parent');
      await this.#options.network.attachMacvlan({ ...common, parent: network.parent, mode, ...(mtu === undefined ? {} : { mtu }) });
    } else {
      const { mtu, apart } = bridgeSettings(network.options);
      const bridge = await this.#options.networks.ensureBridge(network);
      await this.#options.network.attach({ ...common, bridge, ...(mtu === undefined ? {} : { mtu }), ...(apart ? { apart } : {}) });
    }
    for (const { name, value } of endpointSettings(spec.driverOptions ?? {}).sysctls(interfaceName)) this.#set(namespace, name, value);
  }

  /** Errors: `ENGINE_INVALID` where the kernel has no such setting or takes no such value. */
  #set(namespace: string, name: string, value: string): void {
    try {
      this.#options.linux.namespaces.setSysctl(namespace, name, value);
    } catch (error) {
      throw invalid('com.docker.network.endpoint.sysctls', `the kernel does not take "${value}" for ${name}: ${messageOf(error)}`);
    }
  }

  async #detach(namespace: string, network: EngineNetwork, { interfaceName }: StoredEndpoint): Promise<void> {
    if (network.driver === 'macvlan') await this.#options.network.detachMacvlan(namespace, interfaceName);
    else await this.#options.network.detach(namespace, interfaceName);
  }

  /** Where its published ports lead to; undefined when none of its networks can be reached from outside. */
  #target(endpoints: Endpoints): PublishTarget | undefined {
    const name = this.#waysOut(endpoints).published;
    const endpoint = name === undefined ? undefined : endpoints[name];
    if (name === undefined || endpoint === undefined) return undefined;
    const { hostBinding } = bridgeSettings(this.#options.networks.get(name).options);
    return { ...endpoint, ...(hostBinding === undefined ? {} : { hostBinding }) };
  }

  /** Publishes what was asked for. Errors: `PORT_IN_USE`; then nothing is published. */
  async publish(record: ContainerRecord, endpoints: Endpoints): Promise<Ports> {
    const target = this.#target(endpoints);
    const wanted = target === undefined ? [] : portsWanted(record, target);
    const real = wanted.length === 0 ? [] : await this.#options.network.publish(wanted);
    return Object.keys(endpoints).length === 0 ? [] : portsOf(record, real);
  }

  /**
   * Publishes anew for a running container what its record asks for, with no restart: what was chosen by the machine stays as it is.
   * Errors: `PORT_IN_USE`; then what was published still is.
   */
  async republish(record: ContainerRecord): Promise<Ports> {
    const target = this.#target(record.endpoints);
    const wanted = target === undefined ? [] : withChosenPorts(portsWanted(record, target), record.ports);
    const real = await this.#options.network.republish(record.id, wanted);
    return Object.keys(record.endpoints).length === 0 ? [] : portsOf(record, real);
  }

  /** Makes what is published be what the record of a running container says: a crash may have come between the two. */
  async publishRecorded(record: ContainerRecord): Promise<void> {
    if (record.spec.network.kind !== 'networks') return;
    const target = this.#target(record.endpoints);
    await this.#options.network.republish(record.id, target === undefined ? [] : portsRecorded(record, target));
  }

  /** Makes the links of a running container be what its record says, where a crash came between the two. */
  async mend(record: ContainerRecord, pid: number): Promise<void> {
    if (record.spec.network.kind !== 'networks') return;
    const { network, networks } = this.#options;
    const namespace = network.namespacePath(record.id);
    const inside = linkNames(await readFile(`/proc/${pid}/net/dev`, 'utf8'));
    const entries = Object.entries(record.endpoints);
    const strange = inside.filter((name) => !entries.some(([, { interfaceName }]) => interfaceName === name));
    const ours = await filterAsync(strange, (name) => network.isAttached(namespace, name));
    for (const name of ours) await network.detach(namespace, name);
    // One that the container itself has renamed still has its end here.
    const gone = entries.filter(([, { interfaceName }]) => !inside.includes(interfaceName));
    const missing = await filterAsync(
      gone,
      async ([name, { interfaceName }]) => networks.get(name).driver === 'bridge' && !(await network.isAttached(namespace, interfaceName)),
    );
    for (const [name, endpoint] of missing) await this.#attach(namespace, networks.get(name), endpoint, {}, this.#specOf(record, name));
    if (ours.length + missing.length > 0) await this.#route(record, this.#waysOut(record.endpoints));
  }

  async #route({ id, endpoints }: ContainerRecord, ways: WaysOut): Promise<void> {
    const [ipv4, ipv6] = [endpoints[ways.ipv4 ?? '']?.gateway, endpoints[ways.ipv6 ?? '']?.ipv6?.gateway];
    const gateways = { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
    await this.#options.network.route(this.#options.network.namespacePath(id), gateways);
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
    // The kernel ends a namespace some time after it was let go of, and until then its ends keep a parent from others.
    for (const [name, endpoint] of Object.entries(endpoints))
      if (networks.get(name).driver === 'macvlan') await this.#detach(network.namespacePath(record.id), networks.get(name), endpoint);
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
    checkEndpoint(network, spec);
    const wanted = mode.kind === 'networks' ? mode.endpoints : {};
    if (Object.keys(wanted).some((name) => this.#options.networks.get(name).id === network.id)) throw alreadyConnected(record.name, network.name);
    const changed = { ...record, spec: { ...record.spec, network: { kind: 'networks' as const, endpoints: { ...wanted, [network.name]: spec } } } };
    if (!isLive(record.state)) return changed;
    const namespace = this.#options.network.namespacePath(record.id);
    const endpoint = this.#take(network, spec, record.endpoints);
    const joined = { ...changed, endpoints: { ...record.endpoints, [network.name]: endpoint } };
    try {
      await this.#attach(namespace, network, endpoint, {}, spec);
      return await this.#moved(record, joined);
    } catch (error) {
      await this.#detach(namespace, network, endpoint);
      this.#options.networks.release(endpoint);
      throw error;
    }
  }

  /** Leads ports and default routes of a running container by the networks that it has now. */
  async #moved(before: ContainerRecord, now: ContainerRecord): Promise<ContainerRecord> {
    const [old, ways] = [this.#waysOut(before.endpoints), this.#waysOut(now.endpoints)];
    if (old.ipv4 !== ways.ipv4 || old.ipv6 !== ways.ipv6) await this.#route(now, ways);
    return old.published === ways.published ? now : { ...now, ports: await this.republish(now) };
  }

  /** Parts a container from a network, also while it runs: its ports and default routes go by another network, or nowhere. Errors: `ENDPOINT_UNKNOWN`. */
  async disconnect(entry: Entry, ref: string): Promise<ContainerRecord> {
    const network = this.#options.networks.get(ref);
    const { record } = entry;
    const mode = record.spec.network;
    const wanted = mode.kind === 'networks' ? Object.entries(mode.endpoints) : [];
    const rest = wanted.filter(([name]) => this.#options.networks.get(name).id !== network.id);
    if (rest.length === wanted.length) throw notConnected(record.name, network.name);
    const { [network.name]: endpoint, ...endpoints } = record.endpoints;
    const parted: ContainerRecord = { ...record, endpoints, spec: { ...record.spec, network: { kind: 'networks', endpoints: Object.fromEntries(rest) } } };
    if (!endpoint) return parted;
    await this.#detach(this.#options.network.namespacePath(record.id), network, endpoint);
    const moved = await this.#moved(record, parted);
    this.#options.networks.release(endpoint);
    return moved;
  }
}

/** The name that was asked for, or the next one with the network's prefix. Errors: `ENGINE_INVALID`. */
function interfaceFor({ options, driver }: EngineNetwork, { driverOptions = {} }: EndpointSpec, others: Endpoints): string {
  const taken = new Set(Object.values(others).map(({ interfaceName }) => interfaceName));
  const asked = endpointSettings(driverOptions).interfaceName;
  if (asked !== undefined && taken.has(asked)) throw invalid('com.docker.network.endpoint.ifname', `the container has a link ${asked} already`);
  if (asked !== undefined) return asked;
  const { interfacePrefix } = driver === 'macvlan' ? macvlanSettings(options) : bridgeSettings(options);
  let index = 0;
  while (taken.has(`${interfacePrefix}${index}`)) index += 1;
  return `${interfacePrefix}${index}`;
}

/** The links that proc_pid_net_dev(5) lists, but for the loopback. */
function linkNames(text: string): readonly string[] {
  return [...text.matchAll(/^\s*([^\s:]+):/gm)].flatMap(([, name = '']) => (name === 'lo' ? [] : [name]));
}

async function filterAsync<T>(all: readonly T[], fits: (each: T) => Promise<boolean>): Promise<readonly T[]> {
  const found = await Promise.all(all.map(fits));
  return all.filter((_, index) => found[index]);
}
