import type { Layer } from '#image';

export const VERSION = 1;

/** A step as it stands in an exported cache. */
export interface ExportedStep {
  readonly key: string;
  readonly what: string;
  readonly created_ms: number;
  readonly quick?: string;
  /** None where it changed nothing. */
  readonly layer?: Layer;
}

/** What steps of builds made, as it is written down for others. */
export interface ExportedCache {
  readonly version: number;
  readonly steps: readonly ExportedStep[];
}

/** The steps of an exported cache that read; none of another version. */
export function stepsIn(exported: unknown): readonly ExportedStep[] {
  if (typeof exported !== 'object' || exported === null) return [];
  const value: { version?: unknown; steps?: unknown } = exported;
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
