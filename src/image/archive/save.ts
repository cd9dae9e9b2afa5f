import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { BlobStore } from '../content.ts';
import { hexOf } from '../digest.ts';
import { blobUnknown } from '../errors.ts';
import { OCI_INDEX } from '../media-types.ts';
import { familiarName, formatReference } from '../reference.ts';
import type { TarEntry } from '../tar/entry.ts';
import { encodeHeader, endOfArchive, paddingFor } from '../tar/write.ts';
import type { Descriptor, Digest, Image, Reference, Referrer } from '../types.ts';
import { blobPath } from './paths.ts';

/** An image to write, under these of its names. */
export interface SavedImage {
  readonly image: Image;
  readonly names: readonly Reference[];
  /** What attests it. */
  readonly referrers: readonly Referrer[];
}
interface OpenBlob {
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
}

const PIECE_BYTES = 256 * 1024;

/**
 * The archive of images as Docker writes it since version 25: an OCI layout that is a docker-archive too (manifest.json), each
 * blob once and as it lies in the content store. The blobs are opened before it answers, so their removal meanwhile does no harm.
 * Errors: `BLOB_UNKNOWN`.
 */
export async function saveArchive(content: BlobStore, saved: readonly SavedImage[]): Promise<Readable> {
  const blobs: OpenBlob[] = [];
  const closeAll = () => Promise.all(blobs.map(({ file }) => file.close()));
  try {
    for (const digest of blobsOf(saved)) blobs.push(await openBlob(content, digest));
    const index = await indexOf(content, saved);
    const stream = Readable.from(entries(blobs, documents(saved, index)), { objectMode: false, highWaterMark: PIECE_BYTES });
    return stream.once('close', () => void closeAll());
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function blobsOf(saved: readonly SavedImage[]): readonly Digest[] {
  const all = saved.flatMap(({ image, referrers }) => [
    image.manifestDigest,
    image.manifest.config.digest,
    ...image.manifest.layers.map(({ digest }) => digest),
    ...referrers.flatMap(({ descriptor, blobs }) => [descriptor, ...blobs].map(({ digest }) => digest)),
  ]);
  return [...new Set(all)].sort();
}

async function openBlob(content: BlobStore, digest: Digest): Promise<OpenBlob> {
  const size = await content.requireBlob(digest);
  const file = await open(content.pathOf(digest), 'r').catch((error: unknown) => {
    throw blobUnknown(digest, error);
  });
  return { path: blobPath(digest), file, size };
}

/** One descriptor for each name, as containerd's importers read them; one without a name where there is none. */
async function indexOf(content: BlobStore, saved: readonly SavedImage[]): Promise<readonly Descriptor[]> {
  const descriptors: Descriptor[] = [];
  for (const { image, names } of saved) {
    const { os, architecture, variant } = image.config;
    const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
    const plain = { mediaType: image.manifest.mediaType, digest: image.manifestDigest, size: await content.requireBlob(image.manifestDigest), platform };
    if (names.length === 0) descriptors.push(plain);
    for (const name of names)
      descriptors.push({
        ...plain,
        annotations: { 'io.containerd.image.name': formatReference(name), 'org.opencontainers.image.ref.name': name.tag ?? 'latest' },
      });
  }
  // Behind the images, whose order importers may go by.
  return [...descriptors, ...saved.flatMap(({ referrers }) => referrers.map(({ descriptor }) => descriptor))];
}

/** The files beside the blobs. */
function documents(saved: readonly SavedImage[], index: readonly Descriptor[]): Readonly<Record<string, unknown>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of saved)
    for (const name of names) {
      const repository = familiarName(`${name.registry}/${name.repository}`);
      const top = image.manifest.layers.at(-1)?.digest ?? image.id;
      repositories[repository] = { ...repositories[repository], [name.tag ?? 'latest']: hexOf(top) };
    }
  return {
    'index.json': { schemaVersion: 2, mediaType: OCI_INDEX, manifests: index },
    'manifest.json': saved.map(({ image, names }) => ({
      Config: blobPath(image.manifest.config.digest),
      RepoTags: names.length === 0 ? null : names.map(familiarName),
      Layers: image.manifest.layers.map(({ digest }) => blobPath(digest)),
      LayerSources: Object.fromEntries(image.config.rootfs.diff_ids.map((diffId, at) => [diffId, image.manifest.layers[at]])),
    })),
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    ...(Object.keys(repositories).length === 0 ? {} : { repositories }),
  };
}

async function* entries(blobs: readonly OpenBlob[], files: Readonly<Record<string, unknown>>): AsyncGenerator<Buffer> {
  const folders = new Set(['blobs', ...blobs.map(({ path }) => path.slice(0, path.lastIndexOf('/')))]);
  for (const path of folders) yield encodeHeader(entry(path, 'directory', 0));
  for (const { path, file, size } of blobs) {
    yield encodeHeader(entry(path, 'file', size));
    for (let at = 0; at < size; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at)), 0, undefined, at);
      if (bytesRead === 0) throw new Error(`blob ${path} is shorter than it was`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
    yield paddingFor(size);
  }
  for (const [path, value] of Object.entries(files)) {
    const bytes = Buffer.from(JSON.stringify(value));
    yield Buffer.concat([encodeHeader(entry(path, 'file', bytes.length)), bytes, paddingFor(bytes.length)]);
  }
  yield endOfArchive();
}

function entry(path: string, kind: 'file' | 'directory', size: number): TarEntry {
  const mode = kind === 'file' ? 0o644 : 0o755;
  return { path, kind, mode, uid: 0, gid: 0, size, mtime_s: 0, link: '', major: 0, minor: 0, xattrs: new Map() };
}
