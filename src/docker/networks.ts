import { GantryError } from '#kit';
import type { EngineNetwork } from '#engine';
import { endpointId } from './endpoint-view.ts';
import { badRequest } from './errors.ts';
import { pruned } from './event-log.ts';
import { Filters } from './filters.ts';
import { findContainer, isDockers } from './find.ts';
import type { Call } from './http.ts';
import { Fields } from './json.ts';
import { endpointSpec, networkSpec } from './network-request.ts';
import { networkView } from './network-view.ts';
import type { Rooms } from './options.ts';
import { PruneReport } from './prune-report.ts';
import { parseMoment_ms } from './times.ts';

const BUILTIN = ['bridge', 'host', 'none'];
const FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

export async function listNetworks(call: Call, rooms: Rooms): Promise<void> {
  const filters = new Filters(call.text('filters'), FILTERS);
  const dangling = filters.flag('dangling');
  for (const type of filters.get('type')) if (type !== 'builtin' && type !== 'custom') throw badRequest(`invalid filter: 'type'='${type}'`);
  const shown = rooms.engine.networks
    .list()
    .filter(
      (network) =>
        filters.any('driver', network.driver) &&
        filters.some('id', (id) => network.id.startsWith(id)) &&
        filters.matches('name', network.name) &&
        filters.any('scope', 'local') &&
        filters.any('type', BUILTIN.includes(network.name) ? 'builtin' : 'custom') &&
        filters.labels(network.labels) &&
        (dangling === undefined || dangling === (!BUILTIN.includes(network.name) && membersOf(rooms, network).length === 0)),
    );
  call.json(
    200,
    // Until 1.27 a list said who is joined, as an inspection does.
    shown.map((network) => networkView(network, call.minor < 28 ? membersView(rooms, network) : {}, call.minor)),
  );
}

export async function inspectNetwork(call: Call, rooms: Rooms): Promise<void> {
  const network = findNetwork(rooms, call.parameter('id'));
  if (!['', 'local'].includes(call.text('scope') ?? '')) throw networkUnknown(call.parameter('id'));
  call.json(200, networkView(network, membersView(rooms, network), call.minor));
}

function membersView(rooms: Rooms, network: EngineNetwork): object {
  const members = membersOf(rooms, network).map(({ container, endpoint }) => [
    container.id,
    {
      Name: container.name,
      EndpointID: endpointId(container, network.id),
      MacAddress: endpoint?.macAddress ?? '',
      IPv4Address: endpoint === undefined ? '' : `${endpoint.address}/${endpoint.prefixLength}`,
      IPv6Address: endpoint?.ipv6 === undefined ? '' : `${endpoint.ipv6.address}/${endpoint.ipv6.prefixLength}`,
    },
  ]);
  return Object.fromEntries(members);
}

function membersOf(rooms: Rooms, network: EngineNetwork) {
  return rooms.engine.containers
    .list(
      (container) =>
        isDockers(container) &&
        (container.state.status === 'running' || container.state.status === 'paused') &&
        (network.name in container.endpoints || container.spec.network.kind === (network.name as string)),
    )
    .map((container) => ({ container, endpoint: container.endpoints[network.name] }));
}

function findNetwork(rooms: Rooms, ref: string): EngineNetwork {
  try {
    return rooms.engine.networks.get(ref);
  } catch (error) {
    throw error instanceof GantryError && error.status === 404 ? networkUnknown(ref, error) : error;
  }
}

function networkUnknown(ref: string, cause?: unknown): GantryError {
  return new GantryError('NETWORK_UNKNOWN', 404, `network ${ref} not found`, { cause });
}

export async function createNetwork(call: Call, rooms: Rooms): Promise<void> {
  const spec = networkSpec(new Fields(await call.body()));
  if (rooms.engine.networks.list().some((network) => network.name === spec.name))
    throw new GantryError('NETWORK_EXISTS', 409, `network with name ${spec.name} already exists`);
  const network = await rooms.engine.networks.create(spec);
  call.json(201, { Id: network.id, Warning: '' });
}

export async function deleteNetwork(call: Call, rooms: Rooms): Promise<void> {
  const network = findNetwork(rooms, call.parameter('id'));
  if (BUILTIN.includes(network.name)) throw new GantryError('NETWORK_BUILTIN', 403, `${network.name} is a pre-defined network and cannot be removed`);
  await rooms.engine.networks.remove(network.id);
  call.empty(204);
}

export async function connectNetwork(call: Call, rooms: Rooms): Promise<void> {
  const network = findNetwork(rooms, call.parameter('id'));
  const fields = new Fields(await call.body());
  const container = findContainer(rooms, fields.text('Container') ?? '');
  await rooms.engine.networks.connect(network.name, container.id, endpointSpec(fields.inner('EndpointConfig')));
  call.empty(200);
}

export async function disconnectNetwork(call: Call, rooms: Rooms): Promise<void> {
  const network = findNetwork(rooms, call.parameter('id'));
  const fields = new Fields(await call.body());
  const container = findContainer(rooms, fields.text('Container') ?? '');
  await rooms.engine.networks.disconnect(network.name, container.id, fields.flag('Force'));
  call.empty(200);
}

export function pruneNetworks(call: Call, rooms: Rooms): Promise<void> {
  return PruneReport.of(call, (report) => pruneNetworksReporting(call, rooms, report));
}

async function pruneNetworksReporting(call: Call, rooms: Rooms, report: PruneReport): Promise<object> {
  const filters = new Filters(call.text('filters'), ['label', 'label!', 'until']);
  const until_ms = parseMoment_ms(filters.get('until')[0], rooms.clock.now(), 'until') ?? Number.POSITIVE_INFINITY;
  const used = new Set(rooms.engine.containers.list().flatMap(({ spec }) => (spec.network.kind === 'networks' ? Object.keys(spec.network.endpoints) : [])));
  const deleted: string[] = [];
  // Those whose settings others have come after the others.
  const all = rooms.engine.networks.list().toSorted((a, b) => Number(a.configOnly !== undefined) - Number(b.configOnly !== undefined));
  for (const network of all) {
    if (BUILTIN.includes(network.name) || used.has(network.name) || used.has(network.id) || network.created_ms > until_ms || !filters.labels(network.labels))
      continue;
    try {
      await rooms.engine.networks.remove(network.id);
      deleted.push(network.name);
      await report.gone(network.name);
    } catch (error) {
      // In use by somebody since: then it is not to be pruned.
      if (!(error instanceof GantryError) || error.status >= 500) throw error;
    }
  }
  rooms.events.tell(pruned('network', 0));
  return { NetworksDeleted: deleted };
}
