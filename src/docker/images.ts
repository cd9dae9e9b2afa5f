import { GantryError } from '#kit';
import { applyChanges } from '#build';
import { familiarName, formatReference, layersOf, parseReference } from '#image';
import type { Image, ImageRemoval, Reference } from '#image';
import { resolveMaybe } from './containers-list.ts';
import { badRequest, unsupported } from './errors.ts';
import { pruned } from './event-log.ts';
import { Filters } from './filters.ts';
import { findContainer, isDockers } from './find.ts';
import type { Call } from './http.ts';
import { PruneReport } from './prune-report.ts';
import { imageHistory, imageInspect, imageSummary, intermediateIds, sharedBytes } from './images-view.ts';
import { defined, Fields, isEmpty } from './json.ts';
import type { Rooms } from './options.ts';
import { parsePlatform, platformList, requirePlatform } from './platform.ts';
import { JsonLines, progressLine, registryAuth } from './progress.ts';
import { parseMoment_ms } from './times.ts';

export async function listImages(call: Call, rooms: Rooms): Promise<void> {
  const filters = new Filters(call.text('filters'), ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until']);
  // The filter of one name was taken away in 1.41.
  const only = call.minor < 41 ? call.text('filter') : undefined;
  const all = await rooms.images.list();
  const hidden = intermediateIds(all);
  const before = await Promise.all(filters.get('before').map((name) => rooms.images.resolve(name)));
  const since = await Promise.all(filters.get('since').map((name) => rooms.images.resolve(name)));
  const until_ms = parseMoment_ms(filters.get('until')[0], rooms.clock.now(), 'until');
  const dangling = filters.flag('dangling');
  const shown = all.filter(
    (image) =>
      (call.flag('all') || image.tags.length > 0 || !hidden.has(image.id)) &&
      (dangling === undefined || dangling === (image.tags.length === 0)) &&
      filters.labels(image.config.config.Labels ?? {}) &&
      (only === undefined || image.tags.some((tag) => referenceFits(familiarName(tag), only))) &&
      filters.some('reference', (pattern) => image.tags.some((tag) => referenceFits(familiarName(tag), pattern))) &&
      before.every((other) => image.created_ms < other.created_ms) &&
      since.every((other) => image.created_ms > other.created_ms) &&
      (until_ms === undefined || image.created_ms <= until_ms),
  );
  const shared = call.minor >= 42 && call.flag('shared-size') ? sharedBytes(all, (image) => rooms.images.layerSizes(image)) : undefined;
  const used = (image: Image) => rooms.engine.containers.list((container) => isDockers(container) && container.imageId === image.id).length;
  call.json(
    200,
    shown
      .toSorted((a, b) => b.created_ms - a.created_ms)
      .map((image) => imageSummary(image, { containers: used(image), minor: call.minor, ...(shared === undefined ? {} : { shared_bytes: shared(image) }) })),
  );
}

/** Go's path.Match on the familiar name, with or without its tag. */
function referenceFits(name: string, pattern: string): boolean {
  const source = Array.from(pattern, (char) => (char === '*' ? '[^/]*' : char === '?' ? '[^/]' : char.replace(/[.+^${}()|[\]\\]/g, '\\$&'))).join('');
  const matcher = new RegExp(`^${source}$`);
  return matcher.test(name) || matcher.test(name.replace(/:[^:/]*$/, ''));
}

export async function inspectImage(call: Call, rooms: Rooms): Promise<void> {
  const platform = parsePlatform(call.minor < 49 ? undefined : call.text('platform'));
  if (platform !== undefined && call.flag('manifests')) throw badRequest('conflicting options: manifests and platform options cannot both be set');
  const image = await resolveImage(call, rooms);
  requirePlatform(image, call.parameter('name'), platform);
  call.json(200, imageInspect(image, call.minor));
}

export async function historyOfImage(call: Call, rooms: Rooms): Promise<void> {
  const image = await resolveImage(call, rooms);
  requirePlatform(image, call.parameter('name'), parsePlatform(call.minor < 48 ? undefined : call.text('platform')));
  call.json(200, imageHistory(image, rooms.images.layerSizes(image)));
}

function resolveImage(call: Call, rooms: Rooms): Promise<Image> {
  return requireImage(rooms, call.parameter('name'));
}

/** The image of that name or id. Errors: 404 in Docker's words. */
export async function requireImage(rooms: Rooms, name: string): Promise<Image> {
  const image = await resolveMaybe(rooms, name);
  if (!image)
    throw new GantryError(
      'IMAGE_UNKNOWN',
      404,
      `No such image: ${/^(sha256:)?[0-9a-f]+$/.test(name) ? name : familiarName(formatReference(parseReference(name)))}`,
    );
  return image;
}

export async function tagImage(call: Call, rooms: Rooms): Promise<void> {
  const image = await resolveImage(call, rooms);
  await rooms.images.tag(image.id, targetName(call, 'repo'));
  call.empty(201);
}

function targetName(call: Call, repository: string): Reference {
  const name = call.text(repository);
  if (name === undefined) throw badRequest('repository name must have at least one component');
  const tag = call.text('tag');
  if (name.includes('@')) throw badRequest(`refusing to create a tag with a digest reference: "${name}"`);
  return parseReference(tag === undefined ? name : `${name}:${tag}`);
}

/** `POST /images/create`: a pull, or with `fromSrc=-` an import of the body. */
export async function createImage(call: Call, rooms: Rooms): Promise<void> {
  const source = call.text('fromSrc');
  if (source !== undefined) return importImage(call, rooms, source);
  const name = call.text('fromImage');
  if (name === undefined) throw badRequest('fromImage or fromSrc must be given');
  const platform = parsePlatform(call.text('platform'));
  const auth = registryAuth(call.header('x-registry-auth'));
  const lines = new JsonLines(call);
  const progress = (step: Parameters<typeof progressLine>[0]) => void lines.send(progressLine(step));
  try {
    for (const reference of await pulled(call, rooms, name)) await rooms.images.pull(reference, defined({ auth, platform, progress, signal: call.signal }));
    lines.end();
  } catch (error) {
    lines.fail(error);
  }
}

/** What a pull of that name means: without tag and digest every tag that the registry has. */
async function pulled(call: Call, rooms: Rooms, name: string): Promise<readonly Reference[]> {
  const tag = call.text('tag');
  if (tag !== undefined) return [parseReference(tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`)];
  const reference = parseReference(name);
  if (/[:@][^/]*$/.test(name)) return [reference];
  const tags = await rooms.images.tagsOf(reference, defined({ auth: registryAuth(call.header('x-registry-auth')), signal: call.signal }));
  return tags.map((each) => parseReference(`${name}:${each}`));
}

async function importImage(call: Call, rooms: Rooms, source: string): Promise<void> {
  if (source !== '-') throw unsupported(`fromSrc "${source}" (only "-", the request's body)`);
  const platform = parsePlatform(call.text('platform'));
  if (platform !== undefined && (platform.os !== 'linux' || platform.architecture !== rooms.info.architecture))
    throw unsupported(`platform "${call.text('platform')}" of an import on a machine of linux/${rooms.info.architecture}`);
  const repository = call.text('repo');
  const message = call.text('message');
  const image = await rooms.images.importTar(
    call.request,
    defined({ config: applyChanges({}, call.query.getAll('changes')), name: repository === undefined ? undefined : targetName(call, 'repo'), message }),
  );
  const lines = new JsonLines(call);
  await lines.send({ status: image.id });
  lines.end();
}

export async function pushImage(call: Call, rooms: Rooms): Promise<void> {
  const name = call.parameter('name');
  const tag = call.text('tag');
  if (call.text('platform') !== undefined) throw unsupported('platform in a push');
  const reference = parseReference(tag === undefined ? name : `${name}:${tag}`);
  if (!(await resolveMaybe(rooms, formatReference(reference))))
    throw new GantryError(
      'IMAGE_UNKNOWN',
      404,
      `An image does not exist locally with the tag: ${familiarName(formatReference(reference)).replace(/:[^:/]*$/, '')}`,
    );
  const lines = new JsonLines(call);
  try {
    const auth = registryAuth(call.header('x-registry-auth'));
    const descriptor = await rooms.images.push(
      reference,
      defined({ auth, progress: (step: Parameters<typeof progressLine>[0]) => void lines.send(progressLine(step)), signal: call.signal }),
    );
    const shown = reference.tag ?? 'latest';
    await lines.send({ progressDetail: {}, aux: { Tag: shown, Digest: descriptor.digest, Size: descriptor.size } });
    lines.end();
  } catch (error) {
    lines.fail(error);
  }
}

/** `DELETE /images/{name}`. */
export async function deleteImage(call: Call, rooms: Rooms): Promise<void> {
  const image = await resolveImage(call, rooms);
  const name = call.parameter('name');
  // An image here is for one platform: it goes with that, and no other can be taken from it.
  if (call.minor >= 50) for (const platform of platformList(call.query.getAll('platforms'))) requirePlatform(image, name, platform);
  const byId = image.id.replace(/^sha256:/, '').startsWith(name.replace(/^sha256:/, '')) || image.id.startsWith(name);
  const force = call.flag('force');
  const removals = await rooms.images.remove(byId ? image.id : name, { force });
  call.json(
    200,
    removals.map((removal) => ('untagged' in removal ? { Untagged: familiarName(removal.untagged) } : { Deleted: removal.deleted })),
  );
}

/** Bytes of layers that were there and are no more. */
export function freedBytes(before: readonly Image[], after: readonly Image[]): number {
  const sizes = (images: readonly Image[]) => new Map(images.flatMap((image) => image.manifest.layers.map((layer) => [layer.digest, layer.size] as const)));
  const left = sizes(after);
  return [...sizes(before)].reduce((sum, [digest, size]) => sum + (left.has(digest) ? 0 : size), 0);
}

export function pruneImages(call: Call, rooms: Rooms): Promise<void> {
  return PruneReport.of(call, (report) => pruneImagesReporting(call, rooms, report));
}

async function pruneImagesReporting(call: Call, rooms: Rooms, report: PruneReport): Promise<object> {
  const filters = new Filters(call.text('filters'), ['dangling', 'label', 'label!', 'until']);
  const onlyDangling = filters.flag('dangling') ?? true;
  const until_ms = parseMoment_ms(filters.get('until')[0], rooms.clock.now(), 'until') ?? Number.POSITIVE_INFINITY;
  const all = await rooms.images.list();
  const used = new Set<string>(rooms.engine.containers.list().map((container) => container.imageId));
  const hidden = intermediateIds(all);
  const doomed = all.filter(
    (image) =>
      !used.has(image.id) &&
      image.created_ms <= until_ms &&
      filters.labels(image.config.config.Labels ?? {}) &&
      (onlyDangling ? image.tags.length === 0 && !hidden.has(image.id) : true),
  );
  const removals: ImageRemoval[] = [];
  for (const image of doomed) {
    const gone = await pruneOne(rooms, image);
    removals.push(...gone);
    for (const each of gone) await ('untagged' in each ? report.gone(familiarName(each.untagged), 'untagged') : report.gone(each.deleted));
  }
  await rooms.images.collect();
  const freed = freedBytes(all, await rooms.images.list());
  const shown = removals.map((removal) => ('untagged' in removal ? { Untagged: familiarName(removal.untagged) } : { Deleted: removal.deleted }));
  rooms.events.tell(pruned('image', freed));
  return { ImagesDeleted: shown.length === 0 ? null : shown, SpaceReclaimed: freed };
}

async function pruneOne(rooms: Rooms, image: Image): Promise<readonly ImageRemoval[]> {
  const removals: ImageRemoval[] = [];
  try {
    for (const name of image.tags.length > 0 ? image.tags : [image.id]) removals.push(...(await rooms.images.remove(name, { force: false })));
  } catch (error) {
    if (!(error instanceof GantryError) || (error.status !== 409 && error.status !== 404)) throw error;
  }
  return removals;
}

/** `POST /commit`. */
export async function commitContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.text('container') ?? '');
  const body = new Fields(await call.body());
  const parent = await rooms.images.resolve(container.imageId);
  const name = call.text('repo') === undefined ? [] : [targetName(call, 'repo')];
  const running = container.state.status === 'running';
  const pause = running && call.flag('pause', true);
  if (pause) await rooms.engine.containers.pause(container.id);
  const layer = await rooms.engine.containers.commitLayer(container.id).finally(() => (pause ? rooms.engine.containers.unpause(container.id) : undefined));
  const author = call.text('author');
  const comment = call.text('comment');
  const created = new Date(rooms.clock.now()).toISOString();
  const base = defined({
    ...parent.config.config,
    Env: body.texts('Env') ?? container.process.environment,
    Cmd: body.texts('Cmd') ?? container.spec.command ?? parent.config.config.Cmd,
    Entrypoint: body.words('Entrypoint') ?? container.spec.entrypoint ?? parent.config.config.Entrypoint,
    WorkingDir: body.text('WorkingDir') ?? container.process.workingDirectory,
    User: body.text('User') ?? container.process.user,
    Labels: { ...parent.config.config.Labels, ...container.spec.labels, ...body.map('Labels') },
  });
  if (!isEmpty(body.any('OnBuild')) || !isEmpty(body.any('Shell'))) throw unsupported('OnBuild and Shell in the body of a commit (use changes)');
  const layers = layersOf(parent);
  const image = await rooms.images.create({
    config: defined({
      ...parent.config,
      created,
      author: author ?? parent.config.author,
      config: applyChanges(base, call.query.getAll('changes')),
      rootfs: { type: 'layers' as const, diff_ids: [...layers, layer].map((item) => item.diffId) },
      history: [
        ...(parent.config.history ?? []),
        defined({ created, created_by: [container.process.path, ...container.process.args].join(' '), comment, author }),
      ],
    }),
    layers: [...layers, layer],
    names: name,
  });
  const [imageRef = ''] = name.map((reference) => familiarName(formatReference(reference)));
  rooms.events.tellOf(container, 'commit', { comment: comment ?? '', imageID: image.id, imageRef });
  call.json(201, { Id: image.id });
}
