import type { Layer, Reference } from '#image';
import type { Plan } from '../plan/graph.ts';
import type { Execution } from '../execute/execution.ts';
import type { BuildSession } from '../session.ts';
import type { CacheExport } from '../types.ts';
import { layerContent } from './store.ts';

/** A format of Gantry's own; other builders have others. */
const ARTIFACT_TYPE = 'application/vnd.gantry.build-cache.v1';
const CONFIG_TYPE = 'application/vnd.gantry.build-cache.config.v1+json';
const VERSION = 1;

/** A step as it stands in the artifact. */
interface ExportedStep {
  readonly key: string;
  readonly what: string;
  readonly created_ms: number;
  readonly quick?: string;
  /** None where it changed nothing. */
  readonly layer?: Layer;
}

/** Pushes what the build's steps made: of the last stage, or with `max` of all. Errors: `REGISTRY_FAILED`. */
export async function exportCache(session: BuildSession, plan: Plan, execution: Execution, { reference, mode }: CacheExport): Promise<void> {
  const { images } = session.options;
  const stages = mode === 'max' ? plan.stages : plan.stages.slice(-1);
  const steps = new Map<string, ExportedStep>();
  for (const { kind, vertex, text } of stages.flatMap((stage) => stage.steps)) {
    if (kind !== 'work' || vertex === undefined) continue;
    const { key, layer, created_ms } = await execution.outcomeOf(vertex);
    const quick = (await session.rooms.cache.find(key, 'layer'))?.quick;
    steps.set(key, { key, what: text, created_ms, ...(quick === undefined ? {} : { quick }), ...(layer === undefined ? {} : { layer }) });
  }
  const layers = new Map([...steps.values()].flatMap(({ layer }) => (layer ? [[layer.blob.digest, layer.blob] as const] : [])));
  const config = Buffer.from(JSON.stringify({ version: VERSION, steps: [...steps.values()] }));
  const artifact = { artifactType: ARTIFACT_TYPE, configType: CONFIG_TYPE, config, layers: [...layers.values()] };
  await images.pushArtifact(reference, artifact, transferOf(session, reference));
}

/** Takes in an exported cache; false where the name stands for something else. Errors: `REGISTRY_FAILED` and those of the content store. */
export async function importCache(session: BuildSession, reference: Reference): Promise<boolean> {
  const fetched = await session.options.images.fetchArtifact(reference, CONFIG_TYPE, transferOf(session, reference));
  if (fetched === undefined) return false;
  const brought = new Set(fetched.layers.map(({ digest }) => digest));
  const { cache } = session.rooms;
  for (const step of stepsIn(fetched.config)) {
    const { key, what, created_ms, quick, layer } = step;
    // A layer that did not come along may not be here.
    if ((layer !== undefined && !brought.has(layer.blob.digest)) || (await cache.find(key, 'layer'))) continue;
    await cache.remember(key, { what, bytes: layer?.blob.size ?? 0, created_ms }, layerContent(layer, quick));
  }
  return true;
}

function transferOf(session: BuildSession, { registry }: Reference) {
  const auth = session.request.auth?.(registry);
  return { signal: session.signal, ...(auth === undefined ? {} : { auth }) };
}

function stepsIn(config: Buffer): readonly ExportedStep[] {
  const value = JSON.parse(config.toString('utf8')) as { version?: unknown; steps?: unknown }; // looked at below
  return value.version === VERSION && Array.isArray(value.steps) ? value.steps.filter(isStep) : [];
}

function isStep(value: unknown): value is ExportedStep {
  if (typeof value !== 'object' || value === null) return false;
  const { key, what, created_ms, quick, layer } = value as Partial<Record<keyof ExportedStep, unknown>>; // looked at below
  const isHash = (text: unknown) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
  return (
    isHash(key) &&
    typeof what === 'string' &&
    typeof created_ms === 'number' &&
    (quick === undefined || isHash(quick)) &&
    (layer === undefined || isLayer(layer))
  );
}

function isLayer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { diffId, blob } = value as { diffId?: unknown; blob?: { digest?: unknown; size?: unknown; mediaType?: unknown } }; // looked at here
  const isDigest = (text: unknown) => typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text);
  return isDigest(diffId) && isDigest(blob?.digest) && typeof blob?.size === 'number' && typeof blob.mediaType === 'string';
}
