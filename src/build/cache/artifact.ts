import type { Descriptor, Digest, ImageStore, Reference } from '#image';
import type { Plan } from '../plan/graph.ts';
import type { Execution } from '../execute/execution.ts';
import type { BuildSession } from '../session.ts';
import type { CacheExport } from '../types.ts';
import { type ExportedCache, type ExportedStep, stepsIn, VERSION } from './exported.ts';
import { type BuildCache, layerContent } from './store.ts';

/** A format of Gantry's own; other builders have others. */
const ARTIFACT_TYPE = 'application/vnd.gantry.build-cache.v1';
const CONFIG_TYPE = 'application/vnd.gantry.build-cache.config.v1+json';

/** What the build's steps made: those of the last stage, or with `max` of all. */
export async function cacheOf(session: BuildSession, plan: Plan, execution: Execution, mode: CacheExport['mode']): Promise<ExportedCache> {
  const stages = mode === 'max' ? plan.stages : plan.stages.slice(-1);
  const steps = new Map<string, ExportedStep>();
  for (const { kind, vertex, text } of stages.flatMap((stage) => stage.steps)) {
    if (kind !== 'work' || vertex === undefined) continue;
    const { key, layer, created_ms } = await execution.outcomeOf(vertex);
    const quick = (await session.rooms.cache.find(key, 'layer'))?.quick;
    steps.set(key, { key, what: text, created_ms, ...(quick === undefined ? {} : { quick }), ...(layer === undefined ? {} : { layer }) });
  }
  return { version: VERSION, steps: [...steps.values()] };
}

/** Pushes what the build's steps made. Errors: `REGISTRY_FAILED`. */
export async function exportCache(session: BuildSession, plan: Plan, execution: Execution, { reference, mode }: CacheExport): Promise<void> {
  const exported = await cacheOf(session, plan, execution, mode);
  const layers = new Map(exported.steps.flatMap(({ layer }) => (layer ? [[layer.blob.digest, layer.blob] as const] : [])));
  const config = Buffer.from(JSON.stringify(exported));
  const artifact = { artifactType: ARTIFACT_TYPE, configType: CONFIG_TYPE, config, layers: [...layers.values()] };
  await session.options.images.pushArtifact(reference, artifact, transferOf(session, reference));
}

/** Takes in an exported cache; false where the name stands for something else. Errors: `REGISTRY_FAILED` and those of the content store. */
export async function importCache(session: BuildSession, reference: Reference): Promise<boolean> {
  const fetched = await session.options.images.fetchArtifact(reference, CONFIG_TYPE, transferOf(session, reference));
  if (fetched === undefined) return false;
  // Looked at step by step.
  await takeSteps(session.rooms.cache, session.options.images, JSON.parse(fetched.config.toString('utf8')) as unknown);
  return true;
}

/** Remembers the steps of an exported cache whose layers are in the content store; answers the layers that are not. */
export async function takeSteps(cache: BuildCache, images: ImageStore, exported: unknown): Promise<readonly Descriptor[]> {
  const missing = new Map<Digest, Descriptor>();
  for (const { key, what, created_ms, quick, layer } of stepsIn(exported)) {
    if (await cache.find(key, 'layer')) continue;
    if (layer === undefined || (await images.content.stat(layer.blob.digest)))
      await cache.remember(key, { what, bytes: layer?.blob.size ?? 0, created_ms }, layerContent(layer, quick));
    else missing.set(layer.blob.digest, layer.blob);
  }
  return [...missing.values()];
}

function transferOf(session: BuildSession, { registry }: Reference) {
  const auth = session.request.auth?.(registry);
  return { signal: session.signal, ...(auth === undefined ? {} : { auth }) };
}
