import { type Clock, KeyedMutex, type Random } from '#kit';
import type { Linux } from '#linux';
import { type AddressPool, type Cidr, contains, createAddressPool, type IpAddress, type Network, nthAddress, nthSubnet, overlaps, parseCidr } from '#network';
import { invalid, networkInUse, networkNameInUse, networkPredefined, networkUnknown, subnetTaken, unsupported } from './errors.ts';
import type { EventHub } from './events.ts';
import { RecordFolders } from './store.ts';
import type { ContainerTable } from './table.ts';
import type { Endpoint, EngineNetwork } from './types.ts';

const [PREDEFINED, POOL, POOL_SIZE, PREFIX_LENGTH] = [['bridge', 'host', 'none'], '10.89.0.0/16', 256, 24];
const KNOWN_OPTIONS = new Set(['com.docker.network.driver.mtu', 'com.docker.network.bridge.name', 'com.docker.network.bridge.enable_ip_masquerade']);

export interface NetworkStoreOptions {
  readonly folder: string;
  readonly network: Network;
  readonly linux: Pick<Linux, 'links'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventHub;
  readonly table: ContainerTable;
  readonly bridge: { readonly name: string; readonly subnet: Cidr };
}
export interface NetworkSpec {
  readonly name: string;
  readonly subnet?: Cidr;
  readonly gateway?: IpAddress;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

/** The engine's networks: what they are, which addresses are taken, and their bridges. */
export class NetworkStore {
  readonly #options: NetworkStoreOptions;
  readonly #records: RecordFolders<EngineNetwork>;
  readonly #pools = new Map<string, AddressPool>();
  readonly #locks = new KeyedMutex();
  #networks = new Map<string, EngineNetwork>();

  constructor(options: NetworkStoreOptions) {
    this.#options = options;
    this.#records = new RecordFolders(options.folder, 'network.json');
  }

  /** Reads the records and makes the three that are always there. */
  async start(): Promise<void> {
    this.#networks = await this.#records.load();
    const { bridge } = this.#options;
    const known = this.list();
    for (const name of PREDEFINED) {
      const old = known.find((network) => network.name === name);
      const place = name === 'bridge' ? { subnet: bridge.subnet, gateway: nthAddress(bridge.subnet, 1), bridge: bridge.name } : {};
      if (old && old.subnet === place.subnet && old.bridge === place.bridge) continue;
      const driver = name === 'none' ? ('null' as const) : name === 'host' ? ('host' as const) : ('bridge' as const);
      await this.#add(
        {
          id: old?.id ?? this.#options.random.hex(64),
          name,
          driver,
          ...place,
          internal: false,
          labels: {},
          options: {},
          created_ms: this.#options.clock.now(),
        },
        old === undefined,
      );
    }
  }

  list(): readonly EngineNetwork[] {
    return [...this.#networks.values()];
  }

  /** Errors: `NETWORK_UNKNOWN`. */
  get(ref: string): EngineNetwork {
    const all = this.list();
    const word = ref === 'default' ? 'bridge' : ref;
    const found = all.find(({ name }) => name === word) ?? all.find(({ id }) => id === word);
    if (found) return found;
    const begins = /^[0-9a-f]+$/.test(word) ? all.filter(({ id }) => id.startsWith(word)) : [];
    if (begins.length !== 1 || begins[0] === undefined) throw networkUnknown(ref);
    return begins[0];
  }

  async create(spec: NetworkSpec): Promise<EngineNetwork> {
    return await this.#locks.run('', async () => {
      if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(spec.name)) throw invalid('network name', `"${spec.name}"; only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
      if (this.list().some(({ name }) => name === spec.name)) throw networkNameInUse(spec.name);
      for (const option of Object.keys(spec.options ?? {}))
        if (!KNOWN_OPTIONS.has(option)) throw unsupported(`network option ${option}`, `known are ${[...KNOWN_OPTIONS].join(', ')}`);
      const subnet = await this.#chooseSubnet(spec.subnet);
      const gateway = spec.gateway ?? nthAddress(subnet, 1);
      if (!contains(subnet, gateway)) throw invalid('gateway', `${gateway} is not in the subnet ${subnet}`);
      const id = this.#options.random.hex(64);
      const bridge = spec.options?.['com.docker.network.bridge.name'] ?? `gn${id.slice(0, 12)}`;
      const { name, internal = false, attachable, labels = {}, options = {} } = spec;
      const said = attachable === undefined ? {} : { attachable };
      return await this.#add(
        { id, name, driver: 'bridge', subnet, gateway, bridge, internal, ...said, labels, options, created_ms: this.#options.clock.now() },
        true,
      );
    });
  }

  async #add(network: EngineNetwork, isNew: boolean): Promise<EngineNetwork> {
    if (isNew) await this.#records.make(network.id);
    await this.#records.put(network.id, network);
    this.#networks.set(network.id, network);
    if (isNew && !PREDEFINED.includes(network.name)) this.#tell('create', network, {});
    return network;
  }

  async remove(ref: string): Promise<void> {
    await this.#locks.run('', async () => {
      const network = this.get(ref);
      if (PREDEFINED.includes(network.name)) throw networkPredefined(network.name);
      const users = this.#options.table.all().filter(({ record }) => record.endpoints[network.name] !== undefined);
      if (users.length > 0)
        throw networkInUse(
          network.name,
          users.map(({ record }) => record.name),
        );
      if (network.bridge !== undefined) await this.#options.network.removeBridge(network.bridge);
      await this.#records.remove(network.id);
      this.#networks.delete(network.id);
      this.#pools.delete(network.id);
      this.#tell('destroy', network, {});
    });
  }

  /** Takes an address; it is the container's until `release`. Errors: `ADDRESS_IN_USE`, `SUBNET_FULL`, … */
  takeAddress(
    network: EngineNetwork,
    wanted: IpAddress | undefined,
  ): { readonly address: IpAddress; readonly prefixLength: number; readonly gateway: IpAddress } {
    const pool = this.#pool(network);
    return { address: pool.take(wanted), prefixLength: pool.prefixLength, gateway: pool.gateway };
  }

  release(endpoint: Endpoint): void {
    this.#pools.get(endpoint.networkId)?.release(endpoint.address);
  }

  #pool(network: EngineNetwork): AddressPool {
    const known = this.#pools.get(network.id);
    if (known) return known;
    if (network.subnet === undefined || network.gateway === undefined) throw invalid('network', `${network.name} has no addresses to give`);
    const taken = this.#options.table.all().flatMap(({ record }) => Object.values(record.endpoints).filter(({ networkId }) => networkId === network.id));
    const pool = createAddressPool({ subnet: network.subnet, gateway: network.gateway, taken: taken.map(({ address }) => address) });
    this.#pools.set(network.id, pool);
    return pool;
  }

  /** Makes the network's bridge where it isn't there yet. */
  async ensureBridge(network: EngineNetwork): Promise<string> {
    const { bridge, subnet, gateway, internal, options } = network;
    if (bridge === undefined || subnet === undefined || gateway === undefined) throw invalid('network', `${network.name} has no bridge`);
    const mtu = options['com.docker.network.driver.mtu'];
    const masquerade = !internal && options['com.docker.network.bridge.enable_ip_masquerade'] !== 'false';
    await this.#options.network.ensureBridge({ name: bridge, subnet, gateway, internal, masquerade, ...(mtu === undefined ? {} : { mtu: Number(mtu) }) });
    return bridge;
  }

  /** Emits an event of the network, in Docker's words. */
  #tell(action: string, network: EngineNetwork, attributes: Readonly<Record<string, string>>): void {
    this.#options.events.emit({ type: 'network', action, id: network.id, attributes: { name: network.name, type: network.driver, ...attributes } });
  }

  tellConnection(action: 'connect' | 'disconnect', network: EngineNetwork, container: string): void {
    this.#tell(action, network, { container });
  }

  async #chooseSubnet(wanted: Cidr | undefined): Promise<Cidr> {
    const used = this.list().flatMap(({ subnet, name }) => (subnet === undefined ? [] : [{ subnet, by: `network ${name}` }]));
    if (wanted !== undefined) {
      parseCidr(wanted);
      const other = used.find(({ subnet }) => overlaps(subnet, wanted));
      if (other) throw subnetTaken(wanted, other.by);
      return wanted;
    }
    const routes = (await this.#options.linux.links.show('route')).flatMap(({ dst }) =>
      typeof dst === 'string' && /^\d[\d.]+(\/\d+)?$/.test(dst) ? [dst.includes('/') ? dst : `${dst}/32`] : [],
    );
    const avoid = [...used.map(({ subnet }) => subnet), ...routes];
    for (let index = 0; index < POOL_SIZE; index += 1) {
      const candidate = nthSubnet(POOL, PREFIX_LENGTH, index);
      if (!avoid.some((subnet) => overlaps(subnet, candidate))) return candidate;
    }
    throw subnetTaken(POOL, 'networks that are there already');
  }
}
