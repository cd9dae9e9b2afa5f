import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isSystemError, type Logger, namesIn, type Random } from '#kit';
import { CommandError, type Linux } from '#linux';
import { checkBridge, makeBridge } from './bridges.ts';
import { createForwarder, type Forwarder } from './dns/forward.ts';
import { startDnsServer } from './dns/server.ts';
import { ipv6Absent } from './errors.ts';
import { HeldPorts } from './held-ports.ts';
import { addressValue, canonicalCidr } from './ip.ts';
import { ipv6Absence, ipv6Settings } from './ipv6.ts';
import { attachMacvlan, makeParent, routeLines, unmakeParent } from './macvlan.ts';
import { EMPTY_MODEL, loadModel, type Model, modelPath } from './model.ts';
import { checkLinkName, checkNamespaceId, macOf, vethName } from './names.ts';
import { Publications } from './publications.ts';
import { Remembered } from './remembered.ts';
import { rules } from './rules/rules.ts';
import { serviceParts } from './rules/services.ts';
import { servedConnections } from './served-connections.ts';
import { staleFlows } from './stale-flows.ts';
import { Table } from './table.ts';
import type {
  AttachmentSpec,
  BridgeSpec,
  Cidr,
  DnsService,
  IpAddress,
  MacvlanParent,
  MacvlanSpec,
  Network,
  NetworkPlan,
  PublishedPort,
  ServiceRule,
} from './types.ts';

/** Where the daemon stands. */
const OWN = '/proc/thread-self/ns/net';
/** Of the calling thread, which may stand elsewhere than the process. The second is missing in a kernel without IPv6. */
const SOCKET_TABLES = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
const NSFS_MAGIC = 0x6e736673;
const BRIDGE_FILTER = 'net/bridge/bridge-nf-call-iptables';
const ROUTE_PROTOCOL = 201;

export interface NetworkOptions {
  /** The daemon's id: 8 hexadecimal characters, the same after every start. */
  readonly id: string;
  readonly linux: Linux;
  /** Namespaces are pinned below it, and what must be undone is remembered in it. Gone after the machine's restart is fine. */
  readonly runDir: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Addresses of Services: the host then reaches them without a default route, and those that lead nowhere are refused at once. */
  readonly serviceCidr?: Cidr;
  /** Whose name servers are asked for foreign names; /etc/resolv.conf when left out. */
  readonly resolvConf?: string;
}

/** The network of one daemon, in the network namespace where this process stands. */
export function createNetwork(options: NetworkOptions): Network {
  return new KernelNetwork(options);
}

class KernelNetwork implements Network {
  readonly #linux: Linux;
  readonly #options: NetworkOptions;
  readonly #alias: string;
  readonly #table: Table;
  readonly #held: HeldPorts;
  readonly #made = new Map<string, string>();
  readonly #responders = new Map<AsyncDisposable, string>();
  readonly #remembered: Remembered;
  readonly #publications: Publications;
  /** What the services add to the table, made once for each change of theirs. */
  #parts = { services: EMPTY_MODEL.services, parts: serviceParts(EMPTY_MODEL.services) };
  /** By what the kernel leads packets now. */
  #led: Pick<Model, 'published' | 'services'> = EMPTY_MODEL;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#linux = options.linux;
    this.#alias = `gantry-${options.id}`;
    this.#table = new Table(options.linux.nftables, options.id);
    this.#held = new HeldPorts(options);
    this.#remembered = new Remembered(options.runDir);
    this.#publications = new Publications({ held: this.#held, remembered: this.#remembered, bring: () => this.#bring(), logger: options.logger });
  }

  async start(): Promise<void> {
    await mkdir(this.#namespaceDir, { recursive: true, mode: 0o700 });
    const { serviceCidr } = this.#options;
    const { serviceCidr: _old, ...model } = (await loadModel(this.#options.runDir)) ?? EMPTY_MODEL;
    this.#remembered.begin({
      ...model,
      masqueradeSameBridge: !existsSync(`/proc/sys/${BRIDGE_FILTER}`),
      ...(serviceCidr === undefined ? {} : { serviceCidr }),
    });
    await this.#turnOn('net/ipv4/ip_forward');
    if (!this.#remembered.model.masqueradeSameBridge) await this.#turnOn(BRIDGE_FILTER);
    await this.#remembered.save();
    this.#led = this.#remembered.model;
    await Promise.all([this.#table.read(), this.#addServiceRoute()]);
    for (const port of this.#remembered.model.published) this.#publications.holdAgain(port);
    await this.#bring();
  }

  get #namespaceDir(): string {
    return join(this.#options.runDir, 'netns');
  }

  namespacePath(id: string): string {
    checkNamespaceId(id);
    return join(this.#namespaceDir, id);
  }

  async createNamespace(id: string): Promise<string> {
    const path = this.namespacePath(id);
    if (await isPinned(path)) return path;
    await this.#linux.namespaces.create(path);
    this.#linux.namespaces.setSysctl(path, 'net/ipv4/ip_unprivileged_port_start', '0');
    return path;
  }

  async removeNamespace(id: string): Promise<void> {
    await this.#linux.namespaces.remove(this.namespacePath(id));
  }

  async listNamespaces(): Promise<readonly string[]> {
    const names = await namesIn(this.#namespaceDir);
    const pinned = await Promise.all(names.map((name) => isPinned(join(this.#namespaceDir, name))));
    return names.filter((_, index) => pinned[index]);
  }

  async ensureBridge(spec: BridgeSpec): Promise<void> {
    const text = JSON.stringify(spec);
    if (this.#made.get(spec.name) === text) return;
    checkBridge(spec, this.#remembered.model.bridges);
    if (spec.ipv6 !== undefined) await this.#turnIpv6On();
    const before = this.#remembered.model.bridges;
    await this.#remembered.change({ bridges: [...before.filter(({ name }) => name !== spec.name), spec] });
    try {
      await Promise.all([makeBridge(this.#linux, this.#alias, spec), this.#bring()]);
      this.#made.set(spec.name, text);
    } catch (error) {
      const old = before.filter(({ name }) => name === spec.name);
      await this.#remembered.change({ bridges: [...this.#remembered.model.bridges.filter(({ name }) => name !== spec.name), ...old] });
      await this.#bring();
      throw error;
    }
  }

  async removeBridge(name: string): Promise<void> {
    if (!this.#remembered.model.bridges.some((bridge) => bridge.name === name)) return;
    this.#made.delete(name);
    await this.#linux.links.remove(name);
    await this.#remembered.change({ bridges: this.#remembered.model.bridges.filter((bridge) => bridge.name !== name) });
    await this.#bring();
  }

  async attach(spec: AttachmentSpec): Promise<void> {
    checkLinkName(spec.interfaceName);
    for (const address of [spec.address, ...(spec.ipv6 === undefined ? [] : [spec.ipv6.address])]) addressValue(address);
    const hostName = vethName(this.#options.id, spec.namespace, spec.interfaceName);
    // Where bridged frames pass the rules, those keep ends apart, and let through what a published port leads from one to another.
    const apart = spec.apart === true && this.#remembered.model.masqueradeSameBridge;
    const request = { ...spec, hostName, alias: this.#alias, macAddress: spec.macAddress ?? macOf(spec.address), apart };
    try {
      await this.#linux.links.attachVeth(request);
    } catch (error) {
      if (!(error instanceof CommandError) || error.errnoName !== 'EEXIST') throw error;
      // Half made before a crash: whoever attaches again wants it new.
      await this.#linux.links.remove(hostName);
      await this.#linux.links.attachVeth(request);
    }
  }

  async detach(namespace: string, interfaceName: string): Promise<void> {
    await this.#linux.links.remove(vethName(this.#options.id, namespace, interfaceName));
  }

  async isAttached(namespace: string, interfaceName: string): Promise<boolean> {
    const links = await readFile('/proc/self/net/dev', 'utf8');
    return links.includes(`${vethName(this.#options.id, namespace, interfaceName)}:`);
  }

  async servedConnections(namespace: string): Promise<number> {
    const tables = this.#linux.namespaces.run(namespace, () => SOCKET_TABLES.map((table) => (existsSync(table) ? readFileSync(table, 'utf8') : '')));
    return servedConnections(tables);
  }

  async attachMacvlan(spec: MacvlanSpec): Promise<void> {
    checkLinkName(spec.interfaceName);
    await this.ensureParent(spec.parent);
    await attachMacvlan(this.#linux, spec);
  }

  async detachMacvlan(namespace: string, interfaceName: string): Promise<void> {
    if (await isPinned(namespace)) await this.#linux.links.batch([`link del dev ${interfaceName}`], { namespace, force: true });
  }

  async ensureParent(parent: MacvlanParent): Promise<void> {
    checkLinkName(parent.name);
    await makeParent(this.#linux, this.#alias, parent);
  }

  async removeParent(name: string): Promise<void> {
    await unmakeParent(this.#linux, this.#alias, name);
  }

  async route(namespace: string, gateways: { readonly ipv4?: IpAddress; readonly ipv6?: IpAddress }): Promise<void> {
    // `force`: a default route that is not there can't be removed, which is fine.
    const gone = [...(gateways.ipv4 === undefined ? ['route del 0.0.0.0/0'] : []), ...(gateways.ipv6 === undefined ? ['route del ::/0'] : [])];
    if (gone.length > 0) await this.#linux.links.batch(gone, { namespace, force: true });
    await this.#linux.links.batch(routeLines(gateways), { namespace });
  }

  ipv6Absence(): string | undefined {
    return ipv6Absence();
  }

  publish(ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    return this.#publications.publish(ports);
  }

  unpublish(owner: string): Promise<void> {
    return this.#publications.unpublish(owner);
  }

  republish(owner: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    return this.#publications.republish(owner, ports);
  }

  plan(): NetworkPlan {
    const { bridges, published, services } = this.#remembered.model;
    return { table: this.#table.name, bridges, published, services };
  }

  async setServices(services: readonly ServiceRule[]): Promise<void> {
    for (const { address, backends } of services) for (const each of [address, ...backends.map((backend) => backend.address)]) addressValue(each);
    await this.#remembered.change({ services });
    await this.#bring();
  }

  async serveDns(options: DnsService): Promise<AsyncDisposable> {
    const { address, handler, resolvers } = options;
    const { logger } = this.#options;
    const server = await startDnsServer({
      linux: this.#linux,
      namespace: options.namespace ?? OWN,
      address,
      handler,
      forwarder: this.#forwarderTo(resolvers),
      logger,
    });
    const responder: AsyncDisposable = {
      [Symbol.asyncDispose]: async () => {
        if (this.#responders.delete(responder)) await server[Symbol.asyncDispose]();
      },
    };
    this.#responders.set(responder, options.namespace === undefined ? address : '');
    return responder;
  }

  #forwarderTo(servers: readonly IpAddress[] | undefined): Forwarder {
    const { resolvConf = '/etc/resolv.conf', clock } = this.#options;
    const avoid = (address: string) => [...this.#responders.values()].includes(address);
    return createForwarder({ resolvConf, clock, avoid, ...(servers === undefined ? {} : { servers }) });
  }

  async stop(): Promise<void> {
    this.#held[Symbol.dispose]();
    await Promise.all([...this.#responders.keys()].map((responder) => responder[Symbol.asyncDispose]()));
  }

  async removeAll(): Promise<void> {
    await this.stop();
    const model = (await loadModel(this.#options.runDir)) ?? this.#remembered.model;
    const links = (await this.#linux.links.show('link')).filter(({ ifalias }) => ifalias === this.#alias).map(({ ifname }) => `link del dev ${ifname}`);
    const route = model.serviceCidr === undefined ? [] : [`route del ${canonicalCidr(model.serviceCidr)} dev lo proto ${ROUTE_PROTOCOL}`];
    // `force`: a namespace that ends takes its links along meanwhile.
    await Promise.all([this.#linux.links.batch([...links, ...route], { force: true }), this.#table.remove()]);
    for (const name of await namesIn(this.#namespaceDir)) await this.#linux.namespaces.remove(join(this.#namespaceDir, name));
    for (const { name, before } of model.sysctls.toReversed()) if (existsSync(`/proc/sys/${name}`)) this.#linux.namespaces.setSysctl(OWN, name, before);
    await rm(this.#namespaceDir, { recursive: true, force: true });
    await rm(modelPath(this.#options.runDir), { force: true });
    this.#made.clear();
    this.#led = EMPTY_MODEL;
    this.#remembered.forget();
  }

  /** Remembers what a setting was before it is changed, so that a crash between the two loses nothing. */
  async #turnOn(name: string, value = '1'): Promise<void> {
    const before = (await readFile(`/proc/sys/${name}`, 'utf8')).trim();
    if (before === value || (value === '1' && before !== '0')) return;
    const { sysctls } = this.#remembered.model;
    if (!sysctls.some((changed) => changed.name === name)) await this.#remembered.change({ sysctls: [...sysctls, { name, before }] });
    this.#linux.namespaces.setSysctl(OWN, name, value);
  }

  /** Errors: `IPV6_ABSENT`. */
  async #turnIpv6On(): Promise<void> {
    const why = ipv6Absence();
    if (why !== undefined) throw ipv6Absent(why);
    for (const { name, value } of ipv6Settings(await this.#linux.links.show('route6'))) await this.#turnOn(name, value);
  }

  async #addServiceRoute(): Promise<void> {
    const { serviceCidr } = this.#remembered.model;
    if (serviceCidr !== undefined) await this.#linux.links.batch([`route replace ${canonicalCidr(serviceCidr)} dev lo scope link proto ${ROUTE_PROTOCOL}`]);
  }

  async #bring(): Promise<void> {
    let wanted = this.#remembered.model;
    await this.#table.bring(() => {
      wanted = this.#remembered.model;
      const { services } = wanted;
      if (this.#parts.services !== services) this.#parts = { services, parts: serviceParts(services) };
      return rules(wanted, this.#parts.parts);
    });
    const stale = staleFlows(this.#led, wanted);
    this.#led = wanted;
    // The rules are set: that some client goes on to where it went is no reason to take them back.
    await this.#linux.connections.forget(stale).catch((error: unknown) => this.#options.logger.warn('UDP flows may go on to where they went', { error }));
  }
}

/** Whether a namespace is mounted there: after the machine's restart only the empty file is left. */
async function isPinned(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === NSFS_MAGIC;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}
