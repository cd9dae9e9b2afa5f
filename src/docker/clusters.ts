import { GantryError } from '#kit';
import { notImplemented, notSwarm } from './errors.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';

type Handler = (call: Call, rooms: Rooms) => Promise<void>;

const notPartOfSwarm = new GantryError('NOT_SWARM', 503, 'This node is not part of a swarm');
/** Docker's words, and that here the way they name leads nowhere. */
const noSwarmToBe = new GantryError('NOT_SWARM', 503, `${notSwarm.message} Gantry itself has no swarm mode: for a cluster, use its Kubernetes API (kubectl).`);

const refuse =
  (error: GantryError): Handler =>
  async () => {
    throw error;
  };

/** What a Docker Engine answers that is part of no swarm. */
export const swarmRoutes: readonly (readonly [string, Handler])[] = [
  ['POST /swarm/init', refuse(noSwarmToBe)],
  ['POST /swarm/join', refuse(noSwarmToBe)],
  ['POST /swarm/leave', refuse(notPartOfSwarm)],
  // Only volumes of a cluster can be updated.
  ['PUT /volumes/{name}', refuse(notSwarm)],
  ...['GET', 'POST', 'DELETE', 'PUT'].flatMap((method) =>
    ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'].flatMap((room) => [
      [`${method} /${room}`, refuse(notSwarm)] as const,
      [`${method} /${room}/{name}`, refuse(notSwarm)] as const,
    ]),
  ),
];

/** What a Docker Engine answers that has no plugins; none can be installed. */
export const pluginRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /plugins', listPlugins],
  ['GET /plugins/privileges', refuse(notImplemented('docker plugin install'))],
  ['POST /plugins/pull', refuse(notImplemented('docker plugin install'))],
  ['POST /plugins/create', refuse(notImplemented('docker plugin create'))],
  ['GET /plugins/{name}/json', unknownPlugin],
  ['DELETE /plugins/{name}', unknownPlugin],
  ...['enable', 'disable', 'push', 'set', 'upgrade'].map((verb) => [`POST /plugins/{name}/${verb}`, unknownPlugin] as const),
];

function listPlugins(call: Call): Promise<void> {
  const filters = new Filters(call.text('filters'), ['capability', 'enabled']);
  filters.flag('enabled');
  call.json(200, []);
  return Promise.resolve();
}

function unknownPlugin(call: Call): Promise<void> {
  return Promise.reject(new GantryError('PLUGIN_UNKNOWN', 404, `plugin "${call.parameter('name')}" not found`));
}
