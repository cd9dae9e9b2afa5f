import { isLive } from './container.ts';
import { answerNamesOfJoined } from './joined-names.ts';
import type { NetworkSpec } from './networks.ts';
import { type Rooms, save } from './rooms.ts';
import type { EndpointSpec, EngineNetwork, Networks } from './types.ts';

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
      await answerNamesOfJoined(this.#rooms, entry);
      if (isLive(entry.record.state)) networks.tellConnection('connect', networks.get(network), entry.record.id);
    });
  }

  async disconnect(network: string, container: string, force: boolean): Promise<void> {
    const { table, locks, wires, networks } = this.#rooms;
    const entry = table.find(container);
    await locks.run(entry.record.id, async () => {
      try {
        await save(this.#rooms, entry, await wires.disconnect(entry, network));
      } catch (error) {
        if (!force) throw error;
        this.#rooms.logger.warn('a forced disconnect found nothing whole to take away', { container, network, error });
      }
      networks.tellConnection('disconnect', networks.get(network), entry.record.id);
    });
  }
}
