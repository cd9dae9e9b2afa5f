import { rm, stat } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#kit';
import type { BlobStore } from './content.ts';
import { importUnsupported } from './errors.ts';
import type { JobRunner } from './jobs/runner.ts';
import { OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from './media-types.ts';
import type { ImageConfig, ImageStore, Layer } from './types.ts';

export type ImageParts = Parameters<ImageStore['create']>[0];

/** Takes in an archive and answers the parts of the image that it becomes: one layer, in the compression it came in (gzip when plain). */
export async function importArchive(
  parts: { readonly content: BlobStore; readonly jobs: JobRunner; readonly clock: Clock },
  archive: Readable,
  options: Parameters<ImageStore['importTar']>[1],
): Promise<ImageParts> {
  const [source, target] = [parts.content.ingestPath(), parts.content.ingestPath()];
  try {
    await pipeline(archive, createWriteStream(source, { mode: 0o600, flush: true }));
    const bytes = (await stat(source)).size;
    if (bytes === 0) throw importUnsupported('Cannot import an image from nothing: the archive is empty');
    const packed = await parts.jobs.run<'compress'>({ kind: 'compress', source, target }, bytes);
    await parts.content.adopt(packed.file === 'source' ? source : target, packed.digest);
    const mediaType = packed.compression === 'gzip' ? OCI_LAYER_GZIP : OCI_LAYER_ZSTD;
    const layer: Layer = { diffId: packed.diffId, blob: { mediaType, digest: packed.digest, size: packed.size } };
    return {
      config: configOf(layer, options, new Date(parts.clock.now()).toISOString()),
      layers: [layer],
      ...(options.name === undefined ? {} : { names: [options.name] }),
    };
  } finally {
    await Promise.all([source, target].map((path) => rm(path, { force: true })));
  }
}

function configOf(layer: Layer, { config, message }: Parameters<ImageStore['importTar']>[1], created: string): ImageConfig {
  return {
    created,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ created, comment: message ?? 'Imported from -' }],
  };
}
