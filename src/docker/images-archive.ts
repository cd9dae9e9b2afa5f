import { pipeline } from 'node:stream/promises';
import { familiarName, parseReference, repositoryName } from '#image';
import type { Image, LoadedImage, Reference, TransferProgress } from '#image';
import { badRequest, unsupported } from './errors.ts';
import type { Call } from './http.ts';
import { requireImage } from './images.ts';
import { defined } from './json.ts';
import type { Rooms } from './options.ts';
import { platformList, requirePlatform } from './platform.ts';
import { JsonLines, progressLine } from './progress.ts';

/** `GET /images/get?names=…` and `GET /images/{name}/get`: `docker save`. */
export async function saveImages(call: Call, rooms: Rooms): Promise<void> {
  const one = call.parameter('name');
  const asked = one === '' ? call.query.getAll('names') : [one];
  if (asked.length === 0) throw badRequest('names must say at least one image to save');
  const platforms = platformList(call.query.getAll('platform'));
  const chosen = new Map<string, { image: Image; names: Reference[] }>();
  for (const text of asked)
    for (const { image, names } of await chosenBy(rooms, text)) {
      for (const platform of platforms) requirePlatform(image, text, platform);
      const before = chosen.get(image.id) ?? { image, names: [] };
      const fresh = names.filter((name) => !before.names.some((other) => familiarName(other) === familiarName(name)));
      chosen.set(image.id, { image, names: [...before.names, ...fresh] });
    }
  const archive = await rooms.images.save([...chosen.values()]);
  for (const { image } of chosen.values()) rooms.events.tell({ type: 'image', action: 'save', id: image.id, attributes: { name: image.id } });
  call.begin('application/x-tar');
  await pipeline(archive, call.response, { signal: call.signal });
}

/** What a word of `docker save` means: a name without a tag is every tag of its repository, an id is an image without a name. */
async function chosenBy(rooms: Rooms, text: string): Promise<readonly { readonly image: Image; readonly names: readonly Reference[] }[]> {
  const tagged = /:[^/]*$/.test(text) || text.includes('@') ? [] : await taggedIn(rooms, text);
  if (tagged.length > 0) return tagged;
  const image = await requireImage(rooms, text);
  if (isIdOf(image, text)) return [{ image, names: [] }];
  const reference = parseReference(text);
  return [{ image, names: reference.digest === undefined ? [reference] : [] }];
}

async function taggedIn(rooms: Rooms, text: string): Promise<readonly { readonly image: Image; readonly names: readonly Reference[] }[]> {
  const found: { image: Image; names: readonly Reference[] }[] = [];
  for (const image of await rooms.images.list()) {
    const names = image.tags.map((tag) => parseReference(tag)).filter((name) => isOfRepository(name, text));
    if (names.length > 0) found.push({ image, names });
  }
  return found;
}

/** True for a name in the repository that the text, which has no tag, means. */
function isOfRepository(name: Reference, text: string): boolean {
  return text === repositoryName(name) || text === familiarName(repositoryName(name));
}

function isIdOf(image: Image, text: string): boolean {
  return image.id.startsWith(text.startsWith('sha256:') ? text : `sha256:${text}`);
}

/** `POST /images/load`: `docker load`. */
export async function loadImages(call: Call, rooms: Rooms): Promise<void> {
  const [platform, ...others] = platformList(call.query.getAll('platform'));
  if (others.length > 0) throw unsupported('more than one platform in a load');
  const lines = new JsonLines(call);
  const progress = call.flag('quiet') ? undefined : (step: TransferProgress) => void lines.send(progressLine(step));
  try {
    const loaded = await rooms.images.load(call.request, defined({ platform, progress }));
    for (const each of loaded) for (const stream of loadedLines(each)) await lines.send({ stream });
    lines.end();
  } catch (error) {
    lines.fail(error);
  }
}

function loadedLines({ image, names, replaced }: LoadedImage): readonly string[] {
  return [
    ...replaced.map(({ name, id }) => `The image ${familiarName(name)} already exists, renaming the old one with ID ${id} to empty string\n`),
    ...(names.length === 0 ? [`Loaded image ID: ${image.id}\n`] : names.map((name) => `Loaded image: ${familiarName(name)}\n`)),
  ];
}
