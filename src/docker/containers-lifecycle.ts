import type { TerminalSize } from '#kit';
import { GantryError } from '#kit';
import type { Container, ContainerSpec } from '#engine';
import { restartPolicy, containerSpec } from './create-request.ts';
import { withDefaults } from './defaults.ts';
import { badRequest, conflict, unsupported } from './errors.ts';
import { pruned } from './event-log.ts';
import { Filters } from './filters.ts';
import { findContainer, isDockers } from './find.ts';
import type { Call } from './http.ts';
import { requireImage } from './images.ts';
import { PruneReport } from './prune-report.ts';
import { defined, Fields, isEmpty, type JsonObject } from './json.ts';
import type { Rooms } from './options.ts';
import { withOwnSocket } from './own-socket.ts';
import { keysOf } from './multiplex.ts';
import { portBindings } from './ports.ts';
import { ofVersion } from './request-versions.ts';
import { resourceLimits, resourceWarnings } from './resources.ts';
import { parseMoment_ms } from './times.ts';

const UPDATE_FIELDS = new Set([
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'NanoCpus',
  'CpuQuota',
  'CpuPeriod',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'PidsLimit',
  'RestartPolicy',
  // Gantry's own: the whole set of published ports, in the shape of HostConfig.
  'PortBindings',
  // What they were when the edit was made up, so that two at once do not undo each other.
  'PortBindingsWere',
]);

const UNUSED_MAX = 1024;

/** Notes for containers and execs that are never started must not add up. */
export function forgetOldest(notes: Map<string, unknown>): void {
  const oldest = notes.keys().next().value;
  if (notes.size > UNUSED_MAX && oldest !== undefined) notes.delete(oldest);
}

/** First sizes of terminals, between create and start (HostConfig.ConsoleSize). */
export class ConsoleSizes {
  readonly #sizes = new Map<string, TerminalSize>();
  set(id: string, size: TerminalSize): void {
    this.#sizes.set(id, size);
    forgetOldest(this.#sizes);
  }
  take(id: string): TerminalSize | undefined {
    const size = this.#sizes.get(id);
    this.#sizes.delete(id);
    return size;
  }
}

/** `POST /containers/create`. */
export async function createContainer(call: Call, rooms: Rooms, consoles: ConsoleSizes): Promise<void> {
  const body = ofVersion('container', withoutRepeated(call, await call.body()), call.minor);
  const platform = call.minor < 41 ? undefined : call.text('platform');
  if (platform !== undefined && platform.split('/')[1] !== rooms.info.architecture && platform !== 'linux')
    throw unsupported(`platform "${platform}" on a machine of linux/${rooms.info.architecture}`);
  const spec = withDefaults(await withOwnSocket(containerSpec(body, call.text('name')), rooms.ownSocket()), rooms.defaults ?? {});
  const container = await createOrExplain(rooms, spec);
  const host = new Fields(body).inner('HostConfig');
  const [rows, columns] = consoleSize(host.any('ConsoleSize'));
  if (spec.terminal && rows > 0 && columns > 0) consoles.set(container.id, { rows, columns });
  call.json(201, { Id: container.id, Warnings: [...container.warnings, ...resourceWarnings(host)] });
}

/** dockerode says the query's `name` and `platform` again in the body. */
function withoutRepeated(call: Call, body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key, value]) => !['name', 'platform'].includes(key) || call.query.get(key) !== value));
}

/** Clients take 404 here for a missing image and pull it; anything else that is missing is told as 400. */
async function createOrExplain(rooms: Rooms, spec: ContainerSpec): Promise<Container> {
  try {
    if (spec.network.kind === 'container') findContainer(rooms, spec.network.id);
    return await rooms.engine.containers.create(spec);
  } catch (error) {
    if (error instanceof GantryError && error.code === 'IMAGE_UNKNOWN') await requireImage(rooms, spec.image);
    if (error instanceof GantryError && error.status === 404 && !error.code.startsWith('IMAGE'))
      throw new GantryError(error.code, 400, error.message, { cause: error });
    throw error;
  }
}

function consoleSize(value: unknown): readonly [number, number] {
  if (value === undefined || value === null) return [0, 0];
  if (!Array.isArray(value) || value.length !== 2 || !value.every((item) => Number.isInteger(item) && item >= 0))
    throw badRequest('invalid HostConfig.ConsoleSize: it must be [height, width]');
  return [Number(value[0]), Number(value[1])];
}

export async function startContainer(call: Call, rooms: Rooms, consoles: ConsoleSizes): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  // They hold for who attaches; here they can only be wrong.
  keysOf(call.text('detachKeys'));
  for (const name of ['checkpoint', 'checkpoint-dir'])
    if (call.text(name) !== undefined) throw unsupported(`${name} (CRIU does not run here, so there are no checkpoints)`);
  if (container.state.status === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (container.state.status === 'running') return call.empty(304);
  await rooms.engine.containers.start(container.id);
  const size = consoles.take(container.id);
  if (size && findMaybe(rooms, container.id)?.state.status === 'running') await rooms.engine.containers.resize(container.id, size);
  return call.empty(204);
}

/** A container that removes itself may be gone already. */
function findMaybe(rooms: Rooms, id: string): Container | undefined {
  return rooms.engine.containers.list((container) => container.id === id)[0];
}

export async function stopContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  if (['created', 'exited', 'dead'].includes(container.state.status)) return call.empty(304);
  await rooms.engine.containers.stop(container.id, ending(call));
  return call.empty(204);
}

export async function restartContainer(call: Call, rooms: Rooms): Promise<void> {
  await rooms.engine.containers.restart(findContainer(rooms, call.parameter('id')).id, ending(call));
  call.empty(204);
}

function ending(call: Call) {
  return defined({ timeout_seconds: call.integer('t'), signal: call.minor < 42 ? undefined : call.text('signal') });
}

export async function killContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  if (container.state.status !== 'running' && container.state.status !== 'paused')
    throw conflict(`cannot kill container: ${call.parameter('id')}: container ${container.id} is not running`);
  await rooms.engine.containers.kill(container.id, call.text('signal') ?? 'SIGKILL');
  call.empty(204);
}

export async function pauseContainer(call: Call, rooms: Rooms): Promise<void> {
  await rooms.engine.containers.pause(findContainer(rooms, call.parameter('id')).id);
  call.empty(204);
}

export async function unpauseContainer(call: Call, rooms: Rooms): Promise<void> {
  await rooms.engine.containers.unpause(findContainer(rooms, call.parameter('id')).id);
  call.empty(204);
}

export async function renameContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const name = call.text('name')?.replace(/^\//, '');
  if (name === undefined) throw badRequest('Neither old nor new names may be empty');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) throw badRequest(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  await rooms.engine.containers.rename(container.id, name);
  call.empty(204);
}

export async function updateContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const body = await call.body();
  for (const [name, value] of Object.entries(body)) if (!UPDATE_FIELDS.has(name) && !isEmpty(value)) throw unsupported(`${name} in an update`);
  const fields = new Fields(body);
  const bindings = fields.object('PortBindings');
  const were = fields.object('PortBindingsWere');
  const change = defined({
    publishWas: were === undefined ? undefined : portBindings(were),
    resources: resourceLimits(fields),
    restart: restartPolicy(fields.inner('RestartPolicy'), container.spec.autoRemove ?? false),
    publish: bindings === undefined ? undefined : portBindings(bindings),
  });
  await rooms.engine.containers.update(container.id, change);
  call.json(200, { Warnings: [] });
}

export async function removeContainer(call: Call, rooms: Rooms): Promise<void> {
  if (call.flag('link')) throw unsupported('link (removing a link between containers)');
  const container = findContainer(rooms, call.parameter('id'));
  if ((container.state.status === 'running' || container.state.status === 'paused' || container.state.status === 'restarting') && !call.flag('force')) {
    const hint =
      container.state.status === 'paused'
        ? 'unpause and then stop the container before removal or force remove'
        : 'stop the container before removal or force remove';
    throw conflict(`cannot remove container "/${container.name}": container is ${container.state.status}: ${hint}`);
  }
  await rooms.engine.containers.remove(container.id, { force: call.flag('force'), volumes: call.flag('v') });
  call.empty(204);
}

/** `POST /containers/{id}/wait`: the headers go out once the wait is registered; the client starts the container then. */
export async function waitContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const condition = (call.minor < 30 ? undefined : call.text('condition')) ?? 'not-running';
  if (condition !== 'not-running' && condition !== 'next-exit' && condition !== 'removed')
    throw badRequest(`invalid condition: "${condition}" (use not-running, next-exit or removed)`);
  const waiting = rooms.engine.containers.wait(container.id, condition, call.signal);
  call.begin('application/json');
  try {
    const { exitCode, error } = await waiting;
    // Who waits for a start to come is told by the start itself why it failed.
    const told = error !== undefined && condition === 'not-running' ? { Error: { Message: error } } : {};
    call.response.end(`${JSON.stringify({ StatusCode: exitCode, ...told })}\n`);
  } catch (error) {
    if (!call.signal.aborted) throw error;
  }
}

export function pruneContainers(call: Call, rooms: Rooms): Promise<void> {
  return PruneReport.of(call, (report) => pruneContainersReporting(call, rooms, report));
}

async function pruneContainersReporting(call: Call, rooms: Rooms, report: PruneReport): Promise<object> {
  const filters = new Filters(call.text('filters'), ['label', 'label!', 'until']);
  const until_ms = parseMoment_ms(filters.get('until')[0], rooms.clock.now(), 'until') ?? Number.POSITIVE_INFINITY;
  const ended = rooms.engine.containers.list(
    (container) =>
      isDockers(container) &&
      ['created', 'exited', 'dead'].includes(container.state.status) &&
      container.created_ms <= until_ms &&
      filters.labels(container.spec.labels ?? {}),
  );
  const deleted: string[] = [];
  let freed = 0;
  for (const container of ended) {
    try {
      const size = await rooms.engine.containers.size(container.id);
      await rooms.engine.containers.remove(container.id);
      freed += size;
      deleted.push(container.id);
      await report.gone(container.id);
    } catch (error) {
      // Started or removed by somebody else meanwhile: then it is not to be pruned.
      if (!(error instanceof GantryError) || (error.status !== 404 && error.status !== 409)) throw error;
    }
  }
  rooms.events.tell(pruned('container', freed));
  return { ContainersDeleted: deleted, SpaceReclaimed: freed };
}
