import { GantryError } from '#kit';
import { familiarName } from '#image';
import type { Container } from '#engine';
import type { Image } from '#image';
import { containerInspect, containerSummary, imageName, stateWord, type ImageWords } from './container-view.ts';
import { badRequest } from './errors.ts';
import { Filters } from './filters.ts';
import { findContainer, isDockers, networkByName } from './find.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';
import { parsePort } from './ports.ts';

const LIST_FILTERS = [
  'ancestor',
  'annotation',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];

/** `GET /containers/json`. */
export async function listContainers(call: Call, rooms: Rooms): Promise<void> {
  const filters = new Filters(call.text('filters'), LIST_FILTERS);
  const limit = call.integer('limit') ?? -1;
  const all = call.flag('all') || limit > 0 || filters.has('status') || filters.has('exited');
  const fits = await listFilter(filters, rooms);
  const found = rooms.engine.containers
    .list((container) => isDockers(container) && (all || ['running', 'paused', 'restarting'].includes(container.state.status)) && fits(container))
    .toSorted((a, b) => b.created_ms - a.created_ms)
    .slice(0, limit > 0 ? limit : undefined);
  const network = networkByName(rooms);
  const entries: object[] = [];
  for (const container of found)
    entries.push(
      containerSummary(container, rooms.clock.now(), {
        network,
        minor: call.minor,
        ...(call.flag('size') ? { sizes: await sizesOf(container, rooms) } : {}),
      }),
    );
  call.json(200, entries);
}

async function listFilter(filters: Filters, rooms: Rooms): Promise<(container: Container) => boolean> {
  const states = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
  for (const state of filters.get('status')) if (!states.includes(state)) throw badRequest(`invalid filter 'status=[${state}]' (known: ${states.join(', ')})`);
  const before = filters.get('before').map((ref) => findContainer(rooms, ref).created_ms);
  const since = filters.get('since').map((ref) => findContainer(rooms, ref).created_ms);
  const ancestors = new Set<string>();
  for (const name of filters.get('ancestor')) for (const id of await idsOf(rooms, name)) ancestors.add(id);
  return (container) =>
    filters.any('status', stateWord(container.state)) &&
    filters.some('id', (id) => container.id.startsWith(id)) &&
    filters.matches('name', container.name, `/${container.name}`) &&
    filters.labels(container.spec.labels ?? {}) &&
    filters.pairs('annotation', container.spec.annotations ?? {}) &&
    filters.any('isolation', 'default') &&
    filters.some('exited', (code) => container.state.status === 'exited' && container.state.exit.exitCode === Number(code)) &&
    filters.any('health', container.health?.status ?? 'none') &&
    filters.some('network', (ref) => networksOf(container).some((known) => known === ref || (ref.length >= 12 && known.startsWith(ref)))) &&
    filters.some('volume', (value) => container.mounts.some((mount) => mount.name === value || mount.source === value || mount.target === value)) &&
    filters.some('publish', (value) =>
      parsePort(value).some(({ port, protocol }) => container.ports.some((other) => other.hostPort === port && other.protocol === protocol)),
    ) &&
    filters.some('expose', (value) =>
      parsePort(value).some(({ port, protocol }) => container.ports.some((other) => other.containerPort === port && other.protocol === protocol)),
    ) &&
    filters.some('is-task', (value) => value === 'false') &&
    (!filters.has('ancestor') || ancestors.has(container.imageId) || filters.get('ancestor').includes(imageName(container))) &&
    before.every((time) => container.created_ms < time) &&
    since.every((time) => container.created_ms > time);
}

function networksOf(container: Container): readonly string[] {
  const { network } = container.spec;
  return network.kind === 'networks' ? Object.entries(container.endpoints).flatMap(([name, endpoint]) => [name, endpoint.networkId]) : [network.kind];
}

/** The image itself and every image built upon it. */
async function idsOf(rooms: Rooms, name: string): Promise<readonly string[]> {
  const base = await resolveMaybe(rooms, name);
  if (!base) return [];
  const layers = base.config.rootfs.diff_ids;
  return (await rooms.images.list())
    .filter((image) => layers.length > 0 && layers.every((layer, index) => image.config.rootfs.diff_ids[index] === layer))
    .map((image) => image.id)
    .concat(base.id);
}

/** The image, or undefined where nothing has that name. */
export async function resolveMaybe(rooms: Rooms, name: string): Promise<Image | undefined> {
  try {
    return await rooms.images.resolve(name);
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) return undefined;
    throw error;
  }
}

async function sizesOf(container: Container, rooms: Rooms): Promise<{ writable: number; total: number }> {
  const writable = await rooms.engine.containers.size(container.id);
  const image = await resolveMaybe(rooms, container.imageId);
  return { writable, total: writable + (image?.size_bytes ?? 0) };
}

/** `GET /containers/{id}/json`. */
export async function inspectContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const image = await resolveMaybe(rooms, container.imageId);
  const sizes = call.flag('size') ? { sizes: await sizesOf(container, rooms) } : {};
  const labels = { ...image?.config.config.Labels, ...container.spec.labels };
  call.json(
    200,
    containerInspect(container, {
      network: networkByName(rooms),
      minor: call.minor,
      labels,
      image: imageWords(image),
      execs: rooms.engine.execs.list(container.id),
      ...sizes,
    }),
  );
}

function imageWords(image: Image | undefined): ImageWords {
  const config = image?.config.config ?? {};
  return {
    ...(config.Entrypoint === undefined ? {} : { entrypoint: config.Entrypoint }),
    ...(config.Cmd === undefined ? {} : { command: config.Cmd }),
    ...(config.Healthcheck === undefined ? {} : { healthcheck: config.Healthcheck }),
    ...(config.StopSignal === undefined ? {} : { stopSignal: config.StopSignal }),
  };
}

/** Names of an image as users know them. */
export function familiarTags(image: Image): readonly string[] {
  return image.tags.map(familiarName);
}
