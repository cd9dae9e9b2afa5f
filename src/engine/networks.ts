import { isDeepStrictEqual } from 'node:util';
import { type Clock, KeyedMutex, type Random } from '#kit';
import type { Linux } from '#linux';
import { type AddressPool, type Cidr, contains, createAddressPool, familyOf, type IpAddress, type Network, nthAddress } from '#network';
import { bridgeInUse, invalid, networkConfigInUse, networkInUse, networkNameInUse, networkPredefined, networkUnknown, parentTaken } from './errors.ts';
import type { EventHub } from './events.ts';
import { ADDRESS_POOLS, type AddressPools, checkPools, choosePools, type Pool } from './network-addresses.ts';
import { bridgeSettings, macvlanSettings } from './network-options.ts';
import { RecordFolders } from './store.ts';
import type { ContainerTable } from './table.ts';
import type { Endpoint, EndpointSpec, EngineNetwork, NetworkSpec } from './types.ts';

const PREDEFINED = ['bridge', 'host', 'none'];
/** The default network. */
export interface DefaultBridge {
  readonly name: string;
  readonly subnet: Cidr;
  /** The subnet's first address when left out. */
  readonly gateway?: IpAddress;
  readonly options?: Readonly<Record<string, string>>;
}

export interface NetworkStoreOptions {
  /** The daemon's. */
  readonly id: string;
  readonly folder: string;
  readonly network: Network;
  readonly linux: Pick<Linux, 'links'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventHub;
  readonly table: ContainerTable;
  readonly bridge: DefaultBridge;
  readonly addressPools?: readonly AddressPools[];
}

type Taken = Pick<Endpoint, 'address' | 'prefixLength' | 'gateway' | 'ipv6'>;

/** The engine's networks: what they are, which addresses are taken, and the links that they stand on. */
export class NetworkStore {
  readonly #options: NetworkStoreOptions;
  readonly #records: RecordFolders<EngineNetwork>;
  /** By network and family. */
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
      const place = name === 'bridge' ? { subnet: bridge.subnet, gateway: bridge.gateway ?? nthAddress(bridge.subnet, 1), bridge: bridge.name } : {};
      const options = name === 'bridge' ? (bridge.options ?? {}) : {};
      if (old && old.subnet === place.subnet && old.gateway === place.gateway && old.bridge === place.bridge && isDeepStrictEqual(old.options, options))
        continue;
      const driver = name === 'none' ? ('null' as const) : name === 'host' ? ('host' as const) : ('bridge' as const);
      const common = { internal: false, labels: {}, options, created_ms: this.#options.clock.now() };
      await this.#add({ id: old?.id ?? this.#options.random.hex(64), name, driver, ...place, ...common }, old === undefined);
    }
  }

  /** Errors: `BRIDGE_IN_USE` where the default network was moved away under containers that run. */
  checkMove(): void {
    const { subnet } = this.#options.bridge;
    const left = this.#options.table
      .all()
      .filter(({ record: { endpoints } }) => endpoints['bridge'] !== undefined && !contains(subnet, endpoints['bridge'].address));
    if (left.length > 0)
      throw bridgeInUse(
        subnet,
        left.map(({ record }) => record.name),
      );
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

  /** Errors: `ENGINE_INVALID`, `ENGINE_UNSUPPORTED`, `NETWORK_NAME_IN_USE`, `SUBNET_TAKEN`, `IPV6_ABSENT`, `LINK_UNKNOWN`, … */
  async create(asked: NetworkSpec): Promise<EngineNetwork> {
    return await this.#locks.run('', async () => {
      if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(asked.name)) throw invalid('network name', `"${asked.name}"; only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
      if (this.list().some(({ name }) => name === asked.name)) throw networkNameInUse(asked.name);
      const spec = asked.configFrom === undefined ? asked : this.#configured(asked, this.get(asked.configFrom));
      const { name, driver = 'bridge', pools = [], ipv6 = false, options = {}, labels = {}, internal = false, attachable = false, configFrom } = spec;
      checkPools(pools);
      const common = { id: this.#options.random.hex(64), name, driver, labels, options, created_ms: this.#options.clock.now() };
      const more = { ...(attachable ? { attachable } : {}), ...(configFrom === undefined ? {} : { configFrom }) };
      if (spec.configOnly) return await this.#add({ ...common, ...more, internal, configOnly: { pools, ipv6 } }, true);
      const link = driver === 'bridge' ? this.#bridgeOf(common.id, options, internal) : await this.#parentOf(common.id, options, internal);
      const why = ipv6 ? this.#options.network.ipv6Absence() : undefined;
      if (why !== undefined) throw invalid('network config', `there is no IPv6 here: ${why}; leave --ipv6 out`);
      const chosen = await this.#choosePools(spec);
      return await this.#add({ ...common, ...more, ...link, ...chosen.ipv4, ...(chosen.ipv6 === undefined ? {} : { ipv6: chosen.ipv6 }) }, true);
    });
  }

  /** With the settings of another network. Errors: `ENGINE_INVALID`. */
  #configured(spec: NetworkSpec, { name, configOnly, ...config }: EngineNetwork): NetworkSpec {
    if (configOnly === undefined) throw invalid('network config', `${name} is not a configuration network`);
    if ((spec.pools?.length ?? 0) > 0 || spec.ipv6 || spec.internal || Object.keys(spec.options ?? {}).length > 0)
      throw invalid('network config', 'user specified configurations are not supported if the network depends on a configuration network');
    return { ...spec, configFrom: name, pools: configOnly.pools, ipv6: configOnly.ipv6, internal: config.internal, options: config.options };
  }

  #bridgeOf(id: string, options: EngineNetwork['options'], internal: boolean): Pick<EngineNetwork, 'bridge' | 'internal'> {
    const bridge = bridgeSettings(options).bridge ?? `gn${id.slice(0, 12)}`;
    const rival = this.list().find((other) => other.bridge === bridge);
    if (rival) throw invalid('com.docker.network.bridge.name', `network ${rival.name} has the bridge ${bridge}`);
    return { bridge, internal };
  }

  /** Without a parent the network has a link of its own that leads nowhere. */
  async #parentOf(id: string, options: EngineNetwork['options'], internal: boolean): Promise<Pick<EngineNetwork, 'parent' | 'internal'>> {
    const settings = macvlanSettings(options);
    const parent = settings.parent === undefined ? { name: `gm${id.slice(0, 12)}`, own: true } : { name: settings.parent };
    const sharing = this.list().find((other) => other.parent?.name === parent.name);
    if (sharing && [settings.mode, macvlanSettings(sharing.options).mode].includes('passthru')) throw parentTaken(parent.name, sharing.name);
    await this.#options.network.ensureParent(parent);
    return { parent, internal: internal || parent.own === true };
  }

  async #choosePools({ pools = [], ipv6 = false, driver }: NetworkSpec): Promise<{ readonly ipv4: Pool; readonly ipv6?: Pool }> {
    const { links } = this.#options.linux;
    const routes = [...(await links.show('route')), ...(ipv6 ? await links.show('route6') : [])].flatMap(({ dst }) =>
      typeof dst === 'string' ? asCidr(dst) : [],
    );
    const used = this.list().flatMap(({ subnet, ipv6: six, name, parent }) =>
      // Networks on one outer network may well have the same subnet, in ranges of their own.
      driver === 'macvlan' && parent !== undefined && !parent.own
        ? []
        : [subnet, six?.subnet].flatMap((each) => (each === undefined ? [] : [{ subnet: each, by: `network ${name}` }])),
    );
    return choosePools(pools, { ipv6, used, routes, addressPools: this.#options.addressPools ?? ADDRESS_POOLS, daemonId: this.#options.id });
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
      const heir = this.list().find(({ configFrom }) => configFrom === network.name);
      if (heir) throw networkConfigInUse(network.name, heir.name);
      const users = this.#options.table.all().filter(({ record }) => record.endpoints[network.name] !== undefined);
      if (users.length > 0)
        throw networkInUse(
          network.name,
          users.map(({ record }) => record.name),
        );
      if (network.bridge !== undefined) await this.#options.network.removeBridge(network.bridge);
      const { parent } = network;
      const isShared = this.list().some((other) => other.id !== network.id && other.parent?.name === parent?.name);
      if (parent !== undefined && !isShared) await this.#options.network.removeParent(parent.name);
      await this.#records.remove(network.id);
      this.#networks.delete(network.id);
      for (const family of [4, 6]) this.#pools.delete(`${network.id} ${family}`);
      this.#tell('destroy', network, {});
    });
  }

  /** Takes an address of each family the network has; they are the container's until `release`. Errors: `ADDRESS_IN_USE`, `SUBNET_FULL`, … */
  takeAddress(network: EngineNetwork, { address, ipv6Address }: EndpointSpec): Taken {
    const [four, six] = [this.#pool(network, 4), network.ipv6 === undefined ? undefined : this.#pool(network, 6)];
    if (ipv6Address !== undefined && six === undefined) throw invalid('endpoint', `network ${network.name} has no IPv6 for the address ${ipv6Address}`);
    const taken = { address: four.take(address), prefixLength: four.prefixLength, gateway: four.gateway };
    if (six === undefined) return taken;
    try {
      return { ...taken, ipv6: { address: six.take(ipv6Address), prefixLength: six.prefixLength, gateway: six.gateway } };
    } catch (error) {
      four.release(taken.address);
      throw error;
    }
  }

  release({ networkId, address, ipv6 }: Endpoint): void {
    this.#pools.get(`${networkId} 4`)?.release(address);
    if (ipv6 !== undefined) this.#pools.get(`${networkId} 6`)?.release(ipv6.address);
  }

  #pool(network: EngineNetwork, family: 4 | 6): AddressPool {
    const key = `${network.id} ${family}`;
    const known = this.#pools.get(key);
    if (known) return known;
    const { subnet, gateway, range, auxiliary = {} } = family === 4 ? network : (network.ipv6 ?? {});
    if (subnet === undefined || gateway === undefined) throw invalid('network', `${network.name} has no addresses to give`);
    const own = this.#options.table.all().flatMap(({ record }) => Object.values(record.endpoints).filter(({ networkId }) => networkId === network.id));
    const taken = own.flatMap(({ address, ipv6 }) => (family === 4 ? [address] : ipv6 === undefined ? [] : [ipv6.address]));
    const pool = createAddressPool({ subnet, gateway, taken, reserved: Object.values(auxiliary), ...(range === undefined ? {} : { range }) });
    this.#pools.set(key, pool);
    return pool;
  }

  /** Makes the network's bridge where it isn't there yet. */
  async ensureBridge(network: EngineNetwork): Promise<string> {
    const { bridge, subnet, gateway, internal, ipv6 } = network;
    if (bridge === undefined || subnet === undefined || gateway === undefined) throw invalid('network', `${network.name} has no bridge`);
    const { mtu, masquerade, apart, withoutAddress, trustedLinks } = bridgeSettings(network.options);
    await this.#options.network.ensureBridge({
      name: bridge,
      subnet,
      gateway,
      internal,
      masquerade: !internal && masquerade,
      ...(ipv6 === undefined ? {} : { ipv6: { subnet: ipv6.subnet, gateway: ipv6.gateway } }),
      ...(apart ? { apart } : {}),
      ...(withoutAddress ? { withoutAddress } : {}),
      ...(trustedLinks.length > 0 ? { trustedLinks } : {}),
      ...(mtu === undefined ? {} : { mtu }),
    });
    return bridge;
  }

  /** Emits an event of the network, in Docker's words. */
  #tell(action: string, network: EngineNetwork, attributes: Readonly<Record<string, string>>): void {
    this.#options.events.emit({ type: 'network', action, id: network.id, attributes: { name: network.name, type: network.driver, ...attributes } });
  }

  tellConnection(action: 'connect' | 'disconnect', network: EngineNetwork, container: string): void {
    this.#tell(action, network, { container });
  }
}

/** A route's destination as a subnet; nothing for the default route. */
function asCidr(destination: IpAddress): readonly Cidr[] {
  const family = familyOf(destination.split('/')[0] ?? '');
  if (family === undefined) return [];
  return [destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`];
}
