import type { HistoryEntry, Image, ImageConfig, Layer } from '#image';
import { type InlineStep, withInline } from '../cache/inline.ts';
import type { Execution } from '../execute/execution.ts';
import { ownArchitecture } from '../platform.ts';
import { keyOf } from '../plan/keys.ts';
import type { StageResult } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';

export interface ImageOptions {
  readonly epoch_ms: number | undefined;
  /** The keys by which the build's steps are known again. */
  readonly steps: readonly string[];
  /** The image carries its cache. */
  readonly inline: boolean;
}

/**
 * The image of a finished stage: the one that the same work made before, where it is still here, else a new one.
 */
export async function imageOf(session: BuildSession, stage: StageResult, execution: Execution, told: ImageOptions): Promise<Image> {
  const { epoch_ms, inline } = told;
  const { images } = session.options;
  const { compression } = session.request;
  const base = stage.base === undefined ? undefined : await images.resolve(stage.base);
  if (base && stage.history.length === 0 && compression?.force !== true) return base;
  const layers = await execution.layersOf(stage.top);
  const key = keyOf([
    'image',
    stage.base,
    layers.map(({ diffId }) => diffId),
    stage.config,
    stage.author,
    stage.history.map(({ text }) => text),
    epoch_ms,
    inline,
    ...(compression === undefined ? [] : [compression]),
  ]);
  const { assembling } = session.rooms;
  const assemble = () => assembleImage(session, { stage, base, layers, key }, execution, told);
  if (session.request.noCache) return await assemble();
  const { result } = await assembling.run(
    key,
    session.signal,
    async () => (await findMade(session, key, layers, base?.config.rootfs.diff_ids.length ?? 0)) ?? (await assemble()),
  );
  return result;
}

/** The image of the same work, where its layers are still compressed as they are wanted: builds of other compressions share its id. */
async function findMade(session: BuildSession, key: string, layers: readonly Layer[], baseLayers: number): Promise<Image | undefined> {
  const image = await session.rooms.cache.findImage(key);
  const { compression } = session.request;
  if (image === undefined) return undefined;
  if (compression !== undefined) {
    const made = image.manifest.layers.slice(compression.force ? 0 : baseLayers);
    // Of a level nothing tells but the work itself.
    return compression.level === undefined && made.every(({ mediaType }) => mediaType.endsWith(compression.compression)) ? image : undefined;
  }
  return image.manifest.layers.every(({ digest }, index) => digest === layers[index]?.blob.digest) ? image : undefined;
}

/** The layers as the request wants them compressed; those of the base only where it says so. */
async function compressed(session: BuildSession, layers: readonly Layer[], baseLayers: number): Promise<readonly Layer[]> {
  const { compression } = session.request;
  if (compression === undefined) return layers;
  const { force, ...options } = compression;
  const kept = force ? 0 : baseLayers;
  return [...layers.slice(0, kept), ...(await session.options.images.recompress(layers.slice(kept), options))];
}

async function assembleImage(
  session: BuildSession,
  { stage, base, layers, key }: { readonly stage: StageResult; readonly base: Image | undefined; readonly layers: readonly Layer[]; readonly key: string },
  execution: Execution,
  { epoch_ms, steps, inline }: ImageOptions,
): Promise<Image> {
  const { images, clock } = session.options;
  const now = epoch_ms ?? clock.now();
  const history = [...(base?.config.history ?? []), ...(await historyOf(stage, execution, now, epoch_ms))];
  const config: ImageConfig = {
    ...(base?.config ?? { architecture: ownArchitecture(), os: 'linux' }),
    ...(stage.author === undefined ? {} : { author: stage.author }),
    created: timeOf(now),
    config: stage.config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }: Layer) => diffId) },
    history,
  };
  const baseLayers = base?.config.rootfs.diff_ids.length ?? 0;
  const image = await images.create({
    config: inline ? withInline(config, await inlineSteps(stage, execution, baseLayers)) : config,
    layers: await compressed(session, layers, baseLayers),
  });
  await session.rooms.cache.remember(key, { what: `image ${image.id}`, bytes: 0, created_ms: clock.now() }, { kind: 'image', image: image.id, steps });
  return image;
}

async function inlineSteps(stage: StageResult, execution: Execution, baseLayers: number): Promise<readonly InlineStep[]> {
  const steps: InlineStep[] = [];
  for (const { vertex } of stage.history) {
    const made = vertex === undefined ? undefined : await execution.outcomeOf(vertex);
    if (made?.layer) steps.push({ key: made.key, layer: baseLayers + steps.length });
  }
  return steps;
}

async function historyOf(stage: StageResult, execution: Execution, now: number, epoch_ms: number | undefined): Promise<readonly HistoryEntry[]> {
  return await Promise.all(
    stage.history.map(async ({ text, author, vertex }) => {
      const made = vertex === undefined ? undefined : await execution.outcomeOf(vertex);
      return {
        created: timeOf(epoch_ms ?? made?.created_ms ?? now),
        created_by: text,
        ...(made?.layer ? {} : { empty_layer: true }),
        ...(author === undefined ? {} : { author }),
      };
    }),
  );
}

function timeOf(moment_ms: number): string {
  return new Date(moment_ms).toISOString();
}
