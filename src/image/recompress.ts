import { rm } from 'node:fs/promises';
import type { BlobStore } from './content.ts';
import type { JobRunner } from './jobs/runner.ts';
import { OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from './media-types.ts';
import type { CompressionOptions, Layer } from './types.ts';

const MEDIA_TYPES = { gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD } as const;

/** Compresses layers anew; their content and so their diff ids stay. Errors: `BLOB_UNKNOWN`. */
export async function recompressLayers(
  parts: { readonly content: BlobStore; readonly jobs: JobRunner },
  layers: readonly Layer[],
  options: CompressionOptions,
): Promise<readonly Layer[]> {
  const done: Layer[] = [];
  // One after the other: the jobs of others want a thread too.
  for (const layer of layers) done.push(await recompressLayer(parts, layer, options));
  return done;
}

async function recompressLayer(
  { content, jobs }: Parameters<typeof recompressLayers>[0],
  { diffId, blob }: Layer,
  { compression, level }: CompressionOptions,
): Promise<Layer> {
  if (blob.mediaType.endsWith(compression) && level === undefined) return { diffId, blob };
  const bytes = await content.requireBlob(blob.digest);
  const target = content.ingestPath();
  try {
    const job = { kind: 'recompress', source: content.pathOf(blob.digest), target, compression, ...(level === undefined ? {} : { level }) } as const;
    const packed = await jobs.run<'recompress'>(job, bytes);
    await content.adopt(target, packed.digest);
    return { diffId, blob: { mediaType: MEDIA_TYPES[compression], ...packed } };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}
