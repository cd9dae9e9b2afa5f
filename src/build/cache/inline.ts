import { GantryError, messageOf } from '#kit';
import { type Image, type ImageConfig, layersOf, parseReference } from '#image';
import type { FindImage } from '../plan/gather.ts';
import type { BuildSession } from '../session.ts';
import { importCache } from './artifact.ts';
import { layerContent } from './store.ts';

const FIELD = 'gantry.build-cache.v1';

/** Which step made a layer: its key, and the layer's place in the image. */
export interface InlineStep {
  readonly key: string;
  readonly layer: number;
}

/** The configuration with its steps in it, for whoever builds from it elsewhere. */
export function withInline(config: ImageConfig, steps: readonly InlineStep[]): ImageConfig {
  return Object.assign({}, config, { [FIELD]: steps });
}

/** Takes in the steps of the images that a request names as sources of its cache. One that cannot be used is told and passed over. */
export async function importInline(session: BuildSession, findImage: FindImage): Promise<void> {
  for (const name of session.request.noCache ? [] : (session.request.cacheFrom ?? [])) {
    try {
      if (!(await isHere(session, name)) && (await importCache(session, parseReference(name)))) continue;
      const image = await findImage(name, { line: 0 });
      if (image) await importFrom(session, image);
    } catch (error) {
      if (!(error instanceof GantryError) || session.signal.aborted) throw error;
      await session.say(`[Warning] The cache source ${name} is not used: ${messageOf(error)}\n`);
    }
  }
}

async function isHere(session: BuildSession, name: string): Promise<boolean> {
  try {
    await session.options.images.resolve(name);
    return true;
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) return false;
    throw error;
  }
}

async function importFrom(session: BuildSession, image: Image): Promise<void> {
  const { cache } = session.rooms;
  const layers = layersOf(image);
  for (const { key, layer: place } of inlineSteps(image.config)) {
    const layer = layers[place];
    if (layer === undefined || (await cache.find(key, 'layer'))) continue;
    const entry = { what: `from ${image.tags[0] ?? image.id}`, bytes: layer.blob.size, created_ms: image.created_ms };
    await cache.remember(key, entry, layerContent(layer));
  }
}

/** What an image carries; nothing where it carries none. */
function inlineSteps(config: ImageConfig): readonly InlineStep[] {
  const field: unknown = Object.entries(config).find(([name]) => name === FIELD)?.[1];
  return Array.isArray(field) ? field.filter(isStep) : [];
}

function isStep(value: unknown): value is InlineStep {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    /^[0-9a-f]{64}$/.test(value.key) &&
    'layer' in value &&
    typeof value.layer === 'number'
  );
}
