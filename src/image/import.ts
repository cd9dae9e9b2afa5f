import { rm, stat } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#kit';
import { withRoom } from './bounds.ts';
import type { BlobStore } from './content.ts';
import { importUnsupported } from './errors.ts';
import type { JobRunner } from './jobs/runner.ts';
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from './media-types.ts';
import type { ImageConfig, ImageStore, Layer } from './types.ts';

const MEDIA_TYPES = { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD } as const;

export type ImageParts = Parameters<ImageStore['create']>[0];

/** Takes in an archive and answers the parts of the image that it becomes: one layer, in the compression it came in; a plain one is compressed where that is worth it. */
export async function importArchive(
  parts: { readonly content: BlobStore; readonly jobs: JobRunner; readonly clock: Clock },
  archive: Readable,
  options: Parameters<ImageStore['importTar']>[1],
): Promise<ImageParts> {
  const [source, target] = [parts.content.ingestPath(), parts.content.ingestPath()];
  try {
    parts.jobs.warm();
    // What is kept of it is written through by the job.
    await pipeline(withRoom(archive, dirname(source)), createWriteStream(source, { mode: 0o600 }));
    const bytes = (await stat(source)).size;
    if (bytes === 0) throw importUnsupported('Cannot import an image from nothing: the archive is empty');
    const layer = await takeIn(parts, source, target, bytes);
    return {
      config: configOf(layer, options, new Date(parts.clock.now()).toISOString()),
      layers: [layer],
      ...(options.name === undefined ? {} : { names: [options.name] }),
    };
  } finally {
    await Promise.all([source, target].map((path) => rm(path, { force: true })));
  }
}

/** Makes a layer of the archive: two threads share the work. */
async function takeIn(
  { jobs, content }: { readonly content: BlobStore; readonly jobs: JobRunner },
  source: string,
  target: string,
  bytes: number,
): Promise<Layer> {
  const work = [
    jobs.run<'hash'>({ kind: 'hash', algorithm: 'sha256', path: source }, bytes),
    jobs.run<'compress'>({ kind: 'compress', source, target }, bytes),
  ] as const;
  // Also when one fails: what the other one writes is removed only afterwards.
  await Promise.allSettled(work);
  const [{ digest: own }, packed] = await Promise.all(work);
  const blob = packed.file === 'target' ? { digest: packed.digest, size: packed.size } : { digest: own, size: bytes };
  await content.adopt(packed.file === 'target' ? target : source, blob.digest);
  return { diffId: 'diffId' in packed ? packed.diffId : own, blob: { mediaType: MEDIA_TYPES[packed.compression], ...blob } };
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
