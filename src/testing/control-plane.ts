import { type ApiServer, createApiServer, type NodeConnection, type Prepared } from '#cluster/apiserver';
import type { UserInfo } from '#cluster/api';
import { type ClusterClient, inProcessClient } from '#cluster/client';
import { type Controllers, createControllers } from '#cluster/controllers';
import { createScheduler, explainPlaces, type Scheduler } from '#cluster/scheduler';
import { contentOf, openMemoryStore, type Store, type StoreContent } from '#cluster/store';
import type { Clock, Logger, Random } from '#kit';

export const VERSION = 'v1.36.0+gantry-testing';
/** In place of the authority that an API server without TLS does not have. */
const NO_AUTHORITY = 'This cluster lives inside a test and serves no TLS.\n';
const SERVICE_CIDR = '10.96.0.0/16';

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a control plane begins with. */
export interface Content extends StoreContent {
  /** Of the control plane that the content is from. */
  readonly prepared?: Prepared;
}

/** What a control plane is made of. */
interface Parts {
  readonly store: Store;
  readonly server: ApiServer;
  readonly runners: readonly (Controllers | Scheduler)[];
  readonly clients: ClusterClient[];
  readonly connections: Map<string, NodeConnection>;
  /** The last change that the store told of. */
  readonly last: { revision: number };
}

/** API server, controllers and scheduler over a store in memory. */
export class ControlPlane {
  readonly store: Store;
  readonly server: ApiServer;
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.store = parts.store;
    this.server = parts.server;
    this.#parts = parts;
  }

  /** `admin.token` is for those who come over HTTPS. */
  static async start(
    { clock, random, logger }: Surroundings,
    content: Content,
    admin: { readonly user: UserInfo; readonly token: string },
  ): Promise<ControlPlane> {
    const store = await openMemoryStore({ from: content, clock });
    const last = { revision: content.revision };
    // Ends with the store.
    await store.watch('', content.revision, (events) => {
      for (const event of events) last.revision = event.type === 'put' ? event.item.modRevision : event.revision;
    });
    const connections = new Map<string, NodeConnection>();
    const server = await createApiServer({
      store,
      clock,
      random,
      logger,
      serviceCidr: SERVICE_CIDR,
      nodes: (name) => connections.get(name),
      places: explainPlaces,
      version: VERSION,
      tokens: new Map([[admin.token, admin.user]]),
      ...(content.prepared && { prepared: content.prepared }),
    });
    const component = (name: string) => inProcessClient(server.handler, { name: `system:${name}`, groups: ['system:authenticated'] });
    const forControllers = component('kube-controller-manager');
    const forScheduler = component('kube-scheduler');
    const runners = [
      createControllers({ client: forControllers, clock, random, logger, options: { rootCa: NO_AUTHORITY } }),
      createScheduler({ client: forScheduler, clock, random, logger }),
    ];
    await Promise.all(runners.map((runner) => runner.start()));
    return new ControlPlane({ store, server, runners, clients: [forControllers, forScheduler], connections, last });
  }

  /** The last change that the store told of. */
  get revision(): number {
    return this.#parts.last.revision;
  }

  /** A client in this process; it is closed with the control plane. */
  client(user: UserInfo): ClusterClient {
    const client = inProcessClient(this.server.handler, user);
    this.#parts.clients.push(client);
    return client;
  }

  connect(node: string, connection: NodeConnection | undefined): void {
    if (connection === undefined) this.#parts.connections.delete(node);
    else this.#parts.connections.set(node, connection);
  }

  async content(): Promise<Content> {
    return { ...(await contentOf(this.store)), prepared: this.server.prepared() };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.runners.map((runner) => runner.stop()));
    await Promise.all(this.#parts.clients.map((client) => client.close()));
    await this.server.stop();
    await this.store.close();
  }
}
