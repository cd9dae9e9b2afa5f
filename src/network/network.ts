import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isSystemError, KeyedMutex, type Logger, type Random } from '#kit';
import { CommandError, type Linux } from '#linux';
import { checkBridge, makeBridge } from './bridges.ts';
import { addressToNumber, canonicalCidr } from './cidr.ts';
import { createForwarder, type Forwarder } from './dns/forward.ts';
import { startDnsServer } from './dns/server.ts';
import { HeldPorts } from './held-ports.ts';
import { EMPTY_MODEL, loadModel, type Model, modelPath, saveModel } from './model.ts';
import { checkLinkName, checkNamespaceId, macOf, vethName } from './names.ts';
import { changeOf, checkApart, checkPublished, clash, type PublishedChange, samePort } from './published.ts';
import { rules } from './rules/rules.ts';
import { serviceParts } from './rules/services.ts';
import { Table } from './table.ts';
import type { AttachmentSpec, BridgeSpec, Cidr, DnsService, IpAddress, Network, NetworkPlan, PublishedPort, ServiceRule } from './types.ts';

/** Where the daemon stands. */
const OWN = '/proc/thread-self/ns/net';
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
  readonly #saving = new KeyedMutex();
  #model: Model = EMPTY_MODEL;
  #savedModel: Model | undefined;
  /** What the services add to the table, made once for each change of theirs. */
  #parts = { services: EMPTY_MODEL.services, parts: serviceParts(EMPTY_MODEL.services) };

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#linux = options.linux;
    this.#alias = `gantry-${options.id}`;
    this.#table = new Table(options.linux.nftables, options.id);
    this.#held = new HeldPorts(options);
  }

  async start(): Promise<void> {
    await mkdir(this.#namespaceDir, { recursive: true, mode: 0o700 });
    const { serviceCidr } = this.#options;
    const { serviceCidr: _old, ...model } = (await loadModel(this.#options.runDir)) ?? EMPTY_MODEL;
    this.#model = { ...model, masqueradeSameBridge: !existsSync(`/proc/sys/${BRIDGE_FILTER}`), ...(serviceCidr === undefined ? {} : { serviceCidr }) };
    await this.#turnOn('net/ipv4/ip_forward');
    if (!this.#model.masqueradeSameBridge) await this.#turnOn(BRIDGE_FILTER);
    await this.#save();
    await Promise.all([this.#table.read(), this.#addServiceRoute()]);
    for (const port of this.#model.published) this.#holdAgain(port);
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
    const names = await readdirIfThere(this.#namespaceDir);
    const pinned = await Promise.all(names.map((name) => isPinned(join(this.#namespaceDir, name))));
    return names.filter((_, index) => pinned[index]);
  }

  async ensureBridge(spec: BridgeSpec): Promise<void> {
    const text = JSON.stringify(spec);
    if (this.#made.get(spec.name) === text) return;
    checkBridge(spec, this.#model.bridges);
    const before = this.#model.bridges;
    await this.#change({ bridges: [...before.filter(({ name }) => name !== spec.name), spec] });
    try {
      await Promise.all([makeBridge(this.#linux, this.#alias, spec), this.#bring()]);
      this.#made.set(spec.name, text);
    } catch (error) {
      const old = before.filter(({ name }) => name === spec.name);
      await this.#change({ bridges: [...this.#model.bridges.filter(({ name }) => name !== spec.name), ...old] });
      await this.#bring();
      throw error;
    }
  }

  async removeBridge(name: string): Promise<void> {
    if (!this.#model.bridges.some((bridge) => bridge.name === name)) return;
    this.#made.delete(name);
    await this.#linux.links.remove(name);
    await this.#change({ bridges: this.#model.bridges.filter((bridge) => bridge.name !== name) });
    await this.#bring();
  }

  async attach(spec: AttachmentSpec): Promise<void> {
    checkLinkName(spec.interfaceName);
    addressToNumber(spec.address);
    const hostName = vethName(this.#options.id, spec.namespace, spec.interfaceName);
    const request = { ...spec, hostName, alias: this.#alias, macAddress: spec.macAddress ?? macOf(spec.address) };
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

  async publish(ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    ports.forEach(checkPublished);
    checkApart(ports);
    const real: PublishedPort[] = [];
    const before = this.#model.published;
    const fresh = () => real.filter((port) => !before.some((old) => samePort(old, port)));
    try {
      for (const port of ports) real.push(this.#held.hold(port));
      await this.#change({ published: [...this.#model.published.filter((old) => !real.some((port) => samePort(old, port))), ...real] });
      await this.#bring();
      return real;
    } catch (error) {
      for (const port of fresh()) this.#held.release(port);
      await this.#change({ published: this.#model.published.filter((port) => !fresh().includes(port)) });
      await this.#bring();
      throw error;
    }
  }

  async unpublish(owner: string): Promise<void> {
    const gone = this.#model.published.filter((port) => port.owner === owner);
    if (gone.length === 0) return;
    await this.#change({ published: this.#model.published.filter((port) => port.owner !== owner) });
    await this.#bring();
    for (const port of gone) this.#held.release(port);
  }

  async republish(owner: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    ports.forEach(checkPublished);
    checkApart(ports);
    const before = this.#model.published.filter((port) => port.owner === owner);
    const others = () => this.#model.published.filter((port) => port.owner !== owner);
    const change = changeOf(before, ports);
    if (change.gone.length === 0 && change.fresh.length === 0) return ports;
    const held = this.#exchange(change);
    const real = [...change.kept, ...held];
    try {
      await this.#change({ published: [...others(), ...real] });
      await this.#bring();
    } catch (error) {
      for (const port of held) this.#held.release(port);
      for (const port of change.gone) this.#holdAgain(port);
      await this.#change({ published: [...others(), ...before] });
      await this.#bring();
      throw error;
    }
    for (const port of change.gone) this.#held.release(port);
    return real;
  }

  /** Holds the fresh ports, and lets go before of those that stand in their way, in one go: nobody comes in between. All or none. */
  #exchange({ gone, fresh }: PublishedChange): PublishedPort[] {
    const inTheWay = gone.filter((old) => fresh.some((port) => clash(old, port)));
    for (const port of inTheWay) this.#held.release(port);
    const held: PublishedPort[] = [];
    try {
      for (const port of fresh) held.push(this.#held.hold(port));
      return held;
    } catch (error) {
      for (const port of held) this.#held.release(port);
      for (const port of inTheWay) this.#holdAgain(port);
      throw error;
    }
  }

  plan(): NetworkPlan {
    const { bridges, published, services } = this.#model;
    return { table: this.#table.name, bridges, published, services };
  }

  async setServices(services: readonly ServiceRule[]): Promise<void> {
    for (const { address, backends } of services) for (const each of [address, ...backends.map((backend) => backend.address)]) addressToNumber(each);
    await this.#change({ services });
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
    const model = (await loadModel(this.#options.runDir)) ?? this.#model;
    const links = (await this.#linux.links.show('link')).filter(({ ifalias }) => ifalias === this.#alias).map(({ ifname }) => `link del dev ${ifname}`);
    const route = model.serviceCidr === undefined ? [] : [`route del ${canonicalCidr(model.serviceCidr)} dev lo proto ${ROUTE_PROTOCOL}`];
    // `force`: a namespace that ends takes its links along meanwhile.
    await Promise.all([this.#linux.links.batch([...links, ...route], { force: true }), this.#table.remove()]);
    for (const name of await readdirIfThere(this.#namespaceDir)) await this.#linux.namespaces.remove(join(this.#namespaceDir, name));
    for (const { name, before } of model.sysctls) this.#linux.namespaces.setSysctl(OWN, name, before);
    await rm(this.#namespaceDir, { recursive: true, force: true });
    await rm(modelPath(this.#options.runDir), { force: true });
    this.#made.clear();
    this.#model = EMPTY_MODEL;
    this.#savedModel = undefined;
  }

  /** Remembers what a setting was before it is changed, so that a crash between the two loses nothing. */
  async #turnOn(name: string): Promise<void> {
    const before = (await readFile(`/proc/sys/${name}`, 'utf8')).trim();
    if (before !== '0') return;
    if (!this.#model.sysctls.some((changed) => changed.name === name)) await this.#change({ sysctls: [...this.#model.sysctls, { name, before }] });
    this.#linux.namespaces.setSysctl(OWN, name, '1');
  }

  async #addServiceRoute(): Promise<void> {
    const { serviceCidr } = this.#model;
    if (serviceCidr !== undefined) await this.#linux.links.batch([`route replace ${canonicalCidr(serviceCidr)} dev lo scope link proto ${ROUTE_PROTOCOL}`]);
  }

  #holdAgain(port: PublishedPort): void {
    try {
      this.#held.hold(port);
    } catch (error) {
      this.#options.logger.warn('a published port is held by another program now', { port, error });
    }
  }

  async #change(part: Partial<Model>): Promise<void> {
    // Without a start (`gantry down`) what is remembered must still be there for `removeAll`.
    if (this.#model === EMPTY_MODEL) this.#model = (await loadModel(this.#options.runDir)) ?? { ...EMPTY_MODEL };
    this.#model = { ...this.#model, ...part };
    await this.#save();
  }

  /** Changes that wait for the disk together are written together. */
  async #save(): Promise<void> {
    await this.#saving.run('', async () => {
      const model = this.#model;
      if (model === this.#savedModel) return;
      await saveModel(this.#options.runDir, model);
      this.#savedModel = model;
    });
  }

  async #bring(): Promise<void> {
    await this.#table.bring(() => {
      const { services } = this.#model;
      if (this.#parts.services !== services) this.#parts = { services, parts: serviceParts(services) };
      return rules(this.#model, this.#parts.parts);
    });
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

async function readdirIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
