import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type Attested, parseReferrer, statementAttestation, statementLayers } from '../attestations.ts';
import type { UnpackBounds } from '../bounds.ts';
import type { BlobStore } from '../content.ts';
import { algorithmOf, chainIds, digestOf, shortId } from '../digest.ts';
import { archiveInvalid, digestMismatch } from '../errors.ts';
import type { Fresh } from '../fresh.ts';
import type { JobRunner } from '../jobs/runner.ts';
import type { LayerStore } from '../layers.ts';
import { parseConfig } from '../manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../media-types.ts';
import { ownPlatform } from '../platform.ts';
import { inParallel } from '../remote/parallel.ts';
import { type Compression, compressionOf } from '../tar/compression.ts';
import type { Attestation, Descriptor, Digest, LoadOptions, Manifest, Reference } from '../types.ts';
import { type ArchivedImage, type ArchivedLayer, checkConfig, readContents } from './contents.ts';
import { blobPath } from './paths.ts';
import { takeIn } from './take-in.ts';

export interface LoadParts {
  readonly content: BlobStore;
  readonly layers: LayerStore;
  readonly jobs: JobRunner;
  readonly bounds: UnpackBounds;
  readonly fresh: Fresh;
  /** The manifest under which an image is here already. */
  readonly manifestOf: (imageId: Digest) => Digest | undefined;
  /** Takes away what nothing refers to. */
  readonly collect: () => Promise<unknown>;
}
/** An image whose blobs are in the content store and whose layers are unpacked: it only has to be written down. */
export interface ReadyImage {
  readonly manifestDigest: Digest;
  readonly names: readonly Reference[];
  readonly attested: Attested;
}

const MEDIA_TYPES: Readonly<Record<Compression, string>> = { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD };
const LAYERS_AT_ONCE = 2;

/**
 * Takes in an archive of images and makes all of them ready; of an archive that is refused nothing stays. Errors:
 * `ARCHIVE_INVALID`, `TAR_INVALID`, `DIGEST_INVALID`, `MANIFEST_INVALID`, `PLATFORM_UNKNOWN`, `NO_SPACE`, `UNPACK_TOO_LARGE`.
 */
export async function loadArchive(parts: LoadParts, archive: Readable, options: LoadOptions): Promise<readonly ReadyImage[]> {
  parts.layers.expect();
  await using taken = await takeIn(parts, archive);
  const images = await readContents(taken, { own: ownPlatform(), ...(options.platform === undefined ? {} : { platform: options.platform }) });
  // Awaited, because the files go when this ends.
  return await new Load(parts, options).run(images);
}

interface Planned {
  readonly image: ArchivedImage;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

class Load {
  readonly #parts: LoadParts;
  readonly #options: LoadOptions;
  /** What this load brought, to be let go of when it fails. */
  readonly #brought: Digest[] = [];

  constructor(parts: LoadParts, options: LoadOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async run(images: readonly ArchivedImage[]): Promise<readonly ReadyImage[]> {
    const blobs = await this.#measure(images);
    const planned: (Planned & { attested: Attested })[] = [];
    try {
      for (const image of images) planned.push({ image, ...this.#plan(image, blobs), attested: await this.#takeAttested(image) });
      await inParallel([...blobs.values()], LAYERS_AT_ONCE, ({ layer, blob }) => this.#adopt(layer.file.path, blob.digest));
      for (const { image, bytes, manifest } of planned) await this.#prepare(image, bytes, manifest);
    } catch (error) {
      for (const digest of this.#brought) this.#parts.fresh.settle(digest);
      await this.#parts.collect();
      throw error;
    }
    return planned.map(({ image, bytes, attested }) => ({
      manifestDigest: this.#known(image) ?? manifestDigest(image, bytes),
      names: image.names,
      attested,
    }));
  }

  /** The digest of every layer's file, each read once, and held against what the archive says. */
  async #measure(images: readonly ArchivedImage[]): Promise<ReadonlyMap<string, { readonly layer: ArchivedLayer; readonly blob: Descriptor }>> {
    const measured = new Map<string, { layer: ArchivedLayer; blob: Descriptor }>();
    const layers = new Map(images.flatMap((image) => image.layers).map((layer) => [layer.file.path, layer]));
    await inParallel([...layers.values()], LAYERS_AT_ONCE, async (layer) => {
      const { path, size } = layer.file;
      const algorithm = layer.digest === undefined ? 'sha256' : algorithmOf(layer.digest);
      const [{ digest }, compression] = await Promise.all([
        this.#parts.jobs.run<'hash'>({ kind: 'hash', path, algorithm }, size),
        compressionOf(path),
        sync(path),
      ]);
      measured.set(path, { layer, blob: { mediaType: MEDIA_TYPES[compression], digest, size } });
    });
    for (const layer of images.flatMap((image) => image.layers)) {
      const actual = measured.get(layer.file.path)?.blob.digest;
      if (layer.digest !== undefined && actual !== undefined && layer.digest !== actual) throw digestMismatch(layer.digest, actual);
    }
    return measured;
  }

  /** The image's manifest: the archive's own, or one made of what was measured. */
  #plan(image: ArchivedImage, blobs: ReadonlyMap<string, { readonly blob: Descriptor }>): { readonly bytes: Buffer; readonly manifest: Manifest } {
    const layers = image.layers.map(({ file }) => blobs.get(file.path)?.blob).filter((blob) => blob !== undefined);
    const made: Manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: image.configDigest, size: image.config.length },
      layers,
    };
    const manifest = image.manifest?.parsed ?? made;
    manifest.layers.forEach(({ size }, at) => {
      if (size !== layers[at]?.size) throw archiveInvalid(`its manifest says that layer ${at + 1} has ${size} bytes, and it has ${layers[at]?.size}`);
    });
    checkConfig(image, manifest, this.#options.platform);
    return { bytes: image.manifest?.bytes ?? Buffer.from(JSON.stringify(made)), manifest };
  }

  async #prepare(image: ArchivedImage, bytes: Buffer, manifest: Manifest): Promise<void> {
    const { content, layers } = this.#parts;
    const config = parseConfig(image.config, manifest);
    const documents = [
      { digest: image.configDigest, document: image.config },
      { digest: manifestDigest(image, bytes), document: bytes },
    ];
    for (const { digest, document } of documents) {
      if (!(await this.#touch(digest))) await content.write(document, { digest });
    }
    for (const chainId of chainIds(config.rootfs.diff_ids)) if (!layers.find(chainId) && !this.#parts.fresh.has(chainId)) this.#brought.push(chainId);
    await layers.ensure({ manifest, config }, (at) => {
      const [diffId, blob] = [config.rootfs.diff_ids[at], manifest.layers[at]];
      if (diffId && blob) this.#options.progress?.({ id: shortId(diffId), status: 'Loading layer', current_bytes: blob.size, total_bytes: blob.size });
    });
  }

  /** Brings what attests an image. Errors: `DIGEST_INVALID`, `ARCHIVE_INVALID`. */
  async #takeAttested({ attestedBy }: ArchivedImage): Promise<Attested> {
    const [referrers, statements]: [Digest[], Attestation[]] = [[], []];
    for (const { digest, bytes, isReferrer, file } of attestedBy) {
      const need = (blob: Descriptor) => file(blob.digest) ?? missingBlob(blob.digest);
      if (!isReferrer) {
        for (const layer of statementLayers(bytes)) statements.push(statementAttestation(layer, await this.#readVerified(need(layer).path, layer)));
        continue;
      }
      for (const blob of parseReferrer(bytes, digest)?.blobs ?? [])
        if (!(await this.#touch(blob.digest))) await this.#parts.content.write(createReadStream(need(blob).path), { digest: blob.digest, size: blob.size });
      if (!(await this.#touch(digest))) await this.#parts.content.write(bytes, { digest });
      referrers.push(digest);
    }
    return { referrers, statements };
  }

  async #readVerified(path: string, { digest }: Descriptor): Promise<Buffer> {
    const bytes = await readFile(path);
    const actual = digestOf(bytes, algorithmOf(digest));
    if (actual !== digest) throw digestMismatch(digest, actual);
    return bytes;
  }

  async #adopt(path: string, digest: Digest): Promise<void> {
    if (!(await this.#touch(digest))) await this.#parts.content.adopt(path, digest);
  }

  /** Keeps a blob from being collected; answers whether it is here already. */
  async #touch(digest: Digest): Promise<boolean> {
    const { content, fresh } = this.#parts;
    const wasFresh = fresh.has(digest);
    fresh.touch(digest);
    const isHere = (await content.stat(digest)) !== undefined;
    if (!isHere && !wasFresh) this.#brought.push(digest);
    return isHere;
  }

  /** An image that is here keeps its manifest, unless the archive has one of its own. */
  #known(image: ArchivedImage): Digest | undefined {
    return image.manifest ? undefined : this.#parts.manifestOf(image.configDigest);
  }
}

function missingBlob(digest: Digest): never {
  throw archiveInvalid(`${JSON.stringify(blobPath(digest))} is named in it and is not there`);
}

/** That by which the archive names it; of a manifest that was made here, the usual one. */
function manifestDigest({ manifest }: ArchivedImage, bytes: Buffer): Digest {
  return manifest?.digest ?? digestOf(bytes);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
