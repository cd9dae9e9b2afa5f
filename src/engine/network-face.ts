import { readFile, writeFile } from 'node:fs/promises';
import { isLive } from './container.ts';
import { hostsEdited, resolvConfText } from './name-files.ts';
import { pathsOf, type Rooms, save } from './rooms.ts';
import type { Entry } from './table.ts';
import type { Endpoint, EndpointSpec, EngineNetwork, Networks, NetworkSpec } from './types.ts';

/** The networks' public face: what concerns containers takes the container's lock. */
export class NetworkFace implements Networks {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  create(spec: NetworkSpec): Promise<EngineNetwork> {
    return this.#rooms.networks.create(spec);
  }

  get(ref: string): EngineNetwork {
    return this.#rooms.networks.get(ref);
  }

  list(): readonly EngineNetwork[] {
    return this.#rooms.networks.list();
  }

  remove(ref: string): Promise<void> {
    return this.#rooms.networks.remove(ref);
  }

  async connect(network: string, container: string, endpoint: EndpointSpec): Promise<void> {
    const { table, locks, wires, networks } = this.#rooms;
    const entry = table.find(container);
    await locks.run(entry.record.id, async () => {
      await save(this.#rooms, entry, await wires.connect(entry, network, endpoint));
      if (!isLive(entry.record.state)) return;
      const { id, name } = networks.get(network);
      await this.#renameInside(entry, { more: entry.record.endpoints[name] });
      networks.tellConnection('connect', networks.get(id), entry.record.id);
    });
  }

  async disconnect(network: string, container: string, force: boolean): Promise<void> {
    const { table, locks, wires, networks } = this.#rooms;
    const entry = table.find(container);
    await locks.run(entry.record.id, async () => {
      const less = entry.record.endpoints[networks.get(network).name];
      try {
        await save(this.#rooms, entry, await wires.disconnect(entry, network));
        if (isLive(entry.record.state)) await this.#renameInside(entry, { less });
      } catch (error) {
        if (!force) throw error;
        this.#rooms.logger.warn('a forced disconnect found nothing whole to take away', { container, network, error });
      }
      networks.tellConnection('disconnect', networks.get(network), entry.record.id);
    });
  }

  /** A running container learns of the addresses it has now, and of the names of the networks it is in now. */
  async #renameInside(entry: Entry, change: { readonly more?: Endpoint | undefined; readonly less?: Endpoint | undefined }): Promise<void> {
    const { record } = entry;
    const paths = pathsOf(this.#rooms, record);
    const { more, less } = change;
    // The files are bound into the container: they are written in place.
    const hosts = await readFile(paths.hosts, 'utf8');
    await writeFile(paths.hosts, hostsEdited(hosts, record, { ...(more === undefined ? {} : { more }), ...(less === undefined ? {} : { less }) }));
    if (more === undefined) return;
    const userDefined = Object.keys(record.endpoints).some((name) => name !== 'bridge');
    const resolv = resolvConfText(record, await this.#rooms.wires.hostResolvConf(), { own: true, userDefined });
    if (!resolv.embedded) return;
    await this.#rooms.wires.serveNames(entry);
    await writeFile(paths.resolvConf, resolv.text);
  }
}
