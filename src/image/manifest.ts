import type { BlobStore } from './content.ts';
import { isDigest } from './digest.ts';
import { DOCUMENT_BYTES_MAX, parseObject } from './document.ts';
import { manifestInvalid } from './errors.ts';
import { parseRunConfig } from './run-config.ts';
import { INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';
import type { Descriptor, Digest, ImageConfig, Manifest, Platform } from './types.ts';

/** A list of manifests, one for each platform (OCI image-spec, image index). */
export interface Index {
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** The kernel's OVL_MAX_STACK. */
const LAYERS_MAX = 500;
/** Fields of a configuration that are texts where they are there. */
const TEXTS: readonly string[] = ['created', 'author', 'variant'];

/** Parses a manifest or an index; `mediaType` is what came with it, where it does not say so itself. Errors: `MANIFEST_INVALID`. */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  const value = parseObject(bytes);
  const type = typeof value.mediaType === 'string' ? value.mediaType : (mediaType ?? ('manifests' in value ? OCI_INDEX : OCI_MANIFEST));
  if (value.schemaVersion !== 2) throw manifestInvalid(`its schemaVersion is ${JSON.stringify(value.schemaVersion)}, only 2 is supported`);
  const annotations = annotationsOf(value.annotations);
  if (!['undefined', 'string'].includes(typeof (value.artifactType ?? undefined))) throw manifestInvalid('its artifactType is no text');
  if (INDEX_TYPES.includes(type)) return { mediaType: type, manifests: descriptors(value.manifests, 'manifests') };
  if (!MANIFEST_TYPES.includes(type)) throw manifestInvalid(`its media type ${type} is not supported`);
  const config = descriptors([value.config], 'config')[0];
  if (!config) throw manifestInvalid('it has no config');
  return { schemaVersion: 2, mediaType: type, config, layers: descriptors(value.layers, 'layers'), ...(annotations === undefined ? {} : { annotations }) };
}

/** Tells an index from a manifest. */
export function isIndex(manifest: Manifest | Index): manifest is Index {
  return 'manifests' in manifest;
}

/** The manifest and configuration of an image whose blobs are here. Errors: `BLOB_UNKNOWN`, `MANIFEST_INVALID`. */
export async function readImage(content: BlobStore, manifestDigest: Digest): Promise<{ manifest: Manifest; config: ImageConfig }> {
  const manifest = parseManifest(await content.readAll(manifestDigest));
  if (isIndex(manifest)) throw manifestInvalid(`${manifestDigest} is an index of several platforms; choose one of its manifests`);
  return { manifest, config: await readConfig(content, manifest) };
}

/** The configuration of an image whose blobs are here. Errors: `BLOB_UNKNOWN`, `MANIFEST_INVALID`. */
export async function readConfig(content: BlobStore, manifest: Manifest): Promise<ImageConfig> {
  const { digest, size } = manifest.config;
  // What is read is held in memory whole.
  if (Math.max(size, await content.requireBlob(digest)) > DOCUMENT_BYTES_MAX) throw configTooLarge(manifest);
  return parseConfig(await content.readAll(digest), manifest);
}

/** Holds what a manifest says of its image against what can be one. Errors: `MANIFEST_INVALID`. */
export function checkImage(manifest: Manifest): void {
  if (manifest.config.size > DOCUMENT_BYTES_MAX) throw configTooLarge(manifest);
  if (manifest.layers.length > LAYERS_MAX) throw manifestInvalid(`it has ${manifest.layers.length} layers, and Linux mounts ${LAYERS_MAX} at most`);
}

function configTooLarge({ config }: Manifest): Error {
  return manifestInvalid(`its configuration has ${config.size} bytes, more than the ${DOCUMENT_BYTES_MAX} allowed`);
}

/** Parses an image configuration and holds it against its manifest. Errors: `MANIFEST_INVALID`. */
export function parseConfig(bytes: Uint8Array, manifest: Manifest): ImageConfig {
  checkImage(manifest);
  const value = parseObject(bytes);
  const rootfs = typeof value.rootfs === 'object' && value.rootfs !== null && 'diff_ids' in value.rootfs ? value.rootfs.diff_ids : undefined;
  if (!Array.isArray(rootfs) || !rootfs.every((item) => typeof item === 'string' && isDigest(item)))
    throw manifestInvalid('its configuration has no rootfs.diff_ids: this is no container image');
  if (rootfs.length !== manifest.layers.length) throw manifestInvalid(`it names ${manifest.layers.length} layers, its configuration ${rootfs.length}`);
  if (typeof value.os !== 'string' || typeof value.architecture !== 'string') throw manifestInvalid('its configuration has no os or architecture');
  const run = parseRunConfig(value.config);
  if (value.history !== undefined && value.history !== null && !(Array.isArray(value.history) && value.history.every(isHistoryEntry)))
    throw manifestInvalid('its configuration has a history that is no list of its entries');
  for (const name of TEXTS)
    if (value[name] !== undefined && value[name] !== null && typeof value[name] !== 'string') throw manifestInvalid(`its configuration's ${name} is no text`);
  const { history, ...rest } = value;
  // The fields that are read have been looked at; the rest is the image author's and shown as it is.
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([name, content]) => !(TEXTS.includes(name) && content === null))),
    ...(history ? { history } : {}),
    os: value.os,
    architecture: value.architecture,
    config: run,
    rootfs: { type: 'layers', diff_ids: rootfs },
  };
}

/** Which of an index's manifests is for that platform. */
export function choosePlatform(index: Index, wanted: Platform): Descriptor | undefined {
  const fits = index.manifests.filter(({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture);
  return (
    fits.find(({ platform }) => platform?.variant === wanted.variant) ??
    (wanted.variant === undefined ? fits[0] : fits.find(({ platform }) => platform?.variant === undefined))
  );
}

/** `linux/arm64/v8`. */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Its texts are texts, where it has them. */
function isHistoryEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { empty_layer: isEmpty, ...fields }: Readonly<Record<string, unknown>> = { ...value };
  const texts = ['created', 'created_by', 'comment', 'author'].map((name) => fields[name]);
  return texts.every((field) => field === undefined || field === null || typeof field === 'string') && ['undefined', 'boolean'].includes(typeof isEmpty);
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) throw manifestInvalid('its annotations are no object of texts');
  // Each of its values is a text, as was just seen.
  return value as Readonly<Record<string, string>>;
}

function descriptors(value: unknown, name: string): readonly Descriptor[] {
  if (!Array.isArray(value)) throw manifestInvalid(`${name} is no list`);
  return value.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('digest' in item) || typeof item.digest !== 'string' || !isDigest(item.digest))
      throw manifestInvalid(`${name} has an entry without a digest`);
    if (!('size' in item) || typeof item.size !== 'number' || !Number.isSafeInteger(item.size) || item.size < 0)
      throw manifestInvalid(`${name} has an entry without a size`);
    if (!('mediaType' in item) || typeof item.mediaType !== 'string') throw manifestInvalid(`${name} has an entry without a mediaType`);
    if ('urls' in item && !(Array.isArray(item.urls) && item.urls.every((url) => typeof url === 'string')))
      throw manifestInvalid(`${name} has an entry whose urls are no list of texts`);
    return { ...item, mediaType: item.mediaType, digest: item.digest, size: item.size };
  });
}
