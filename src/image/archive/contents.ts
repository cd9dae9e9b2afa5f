import { GantryError } from '#kit';
import { isStatementsOf, parseReferrer } from '../attestations.ts';
import { algorithmOf, digestOf, isDigest } from '../digest.ts';
import { archiveInvalid, digestMismatch, platformMissing } from '../errors.ts';
import { choosePlatform, isIndex, parseConfig, parseManifest, platformName, type Index } from '../manifest.ts';
import { INDEX_TYPES } from '../media-types.ts';
import { parseReference } from '../reference.ts';
import type { Descriptor, Digest, Manifest, Platform, Reference, Referrer } from '../types.ts';
import { blobPath } from './paths.ts';
import type { TakenArchive, TakenFile } from './take-in.ts';

/** A layer as the archive has it; `digest` where the archive says what it is. */
export interface ArchivedLayer {
  readonly file: TakenFile;
  readonly digest?: Digest;
}
/** An image as the archive tells of it. */
export interface ArchivedImage {
  readonly config: Buffer;
  readonly configDigest: Digest;
  readonly layers: readonly ArchivedLayer[];
  readonly names: readonly Reference[];
  /** What refers to it, and manifests with statements about it, where the archive has such. */
  readonly attestedBy: readonly ArchivedReferrer[];
  /** Where the archive has one (OCI layout). */
  readonly manifest?: { readonly digest: Digest; readonly bytes: Buffer; readonly parsed: Manifest };
}
export interface ArchivedReferrer {
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** False: it lies beside the image in an index, and its layers are statements. */
  readonly isReferrer: boolean;
  file(digest: Digest): TakenFile | undefined;
}
interface OciManifest {
  /** That of index.json which led here: it has the name. */
  readonly named: Descriptor;
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly parsed: Manifest;
  readonly attestedBy: readonly ArchivedReferrer[];
}

/** An index may lie in an index so deep. */
const DEPTH_MAX = 4;

/** The images of an archive: of manifest.json (docker-archive) where there is one, else of index.json (OCI layout). Errors: `ARCHIVE_INVALID`, `MANIFEST_INVALID`, `DIGEST_INVALID`, `PLATFORM_UNKNOWN`. */
export async function readContents(archive: TakenArchive, wanted: { readonly platform?: Platform; readonly own: Platform }): Promise<readonly ArchivedImage[]> {
  const list = await archive.read('manifest.json');
  const index = await archive.read('index.json');
  if (list === undefined && index === undefined)
    throw archiveInvalid('it has neither manifest.json nor index.json: this is no archive of images (a root file system is taken in by docker import)');
  const manifests = index === undefined ? [] : await new OciLayout(archive, wanted).manifests(index, list === undefined);
  const images = list === undefined ? await Promise.all(manifests.map((each) => ofManifest(archive, each))) : await ofList(archive, list, manifests);
  if (images.length === 0) throw archiveInvalid('there is no image in it');
  return images;
}

/** The images of a manifest.json, with their OCI manifests where the archive has them too. */
async function ofList(archive: TakenArchive, list: Buffer, manifests: readonly OciManifest[]): Promise<readonly ArchivedImage[]> {
  const items = parseJson(list, 'manifest.json');
  if (!Array.isArray(items)) throw archiveInvalid('its manifest.json is no list');
  const images: ArchivedImage[] = [];
  for (const item of items) {
    if (!isRecord(item) || typeof item.Config !== 'string' || !isTexts(item.Layers))
      throw archiveInvalid('its manifest.json has an entry without Config and Layers');
    const tags = item.RepoTags ?? [];
    if (!isTexts(tags)) throw archiveInvalid('its manifest.json has RepoTags that are no list of names');
    const config = await required(archive, item.Config);
    const configDigest = checkedByName(item.Config, config);
    const own = manifests.find(({ parsed }) => parsed.config.digest === configDigest);
    const layers = item.Layers.map((path) => archivedLayer(archive, path));
    if (own && own.parsed.layers.length !== layers.length) throw archiveInvalid('its manifest.json and its index.json tell of different layers');
    images.push({
      config,
      configDigest,
      names: tags.map(tagged),
      attestedBy: own?.attestedBy ?? [],
      layers: own ? layers.map((layer, at) => ({ ...layer, ...digestAt(own.parsed, at) })) : layers,
      ...(own ? { manifest: own } : {}),
    });
  }
  return images;
}

function digestAt(manifest: Manifest, at: number): { digest?: Digest } {
  const digest = manifest.layers[at]?.digest;
  return digest === undefined ? {} : { digest };
}

/** A tag that a docker-archive names; never one by digest. */
function tagged(text: string): Reference {
  const { digest, ...reference } = parseReference(text);
  if (digest !== undefined) throw archiveInvalid(`its manifest.json has a name by digest among its tags: ${text}`);
  return reference;
}

async function ofManifest(archive: TakenArchive, { named, digest, bytes, parsed, attestedBy }: OciManifest): Promise<ArchivedImage> {
  const path = blobPath(parsed.config.digest);
  const config = await required(archive, path);
  return {
    config,
    configDigest: checkedByName(path, config),
    layers: parsed.layers.map(({ digest }) => archivedLayer(archive, blobPath(digest))),
    names: nameIn(named),
    attestedBy,
    manifest: { digest, bytes, parsed },
  };
}

/** `org.opencontainers.image.ref.name` is a whole name or only a tag, which says nothing by itself. */
function nameIn({ annotations = {} }: Descriptor): readonly Reference[] {
  const text = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
  return text === undefined || !/[/:]/.test(text) || text.includes('@') ? [] : [parseReference(text)];
}

/** Builders put what they attest beside an image, as an image for no platform. */
function isImage({ platform }: Descriptor): boolean {
  return platform?.os !== 'unknown';
}

/** Whether what index.json lists may be something that refers to an image: it has no name of its own. */
function isListed({ annotations = {} }: Descriptor): boolean {
  return annotations['io.containerd.image.name'] === undefined && annotations['org.opencontainers.image.ref.name'] === undefined;
}

/** How a manifest was come to. */
interface Way {
  /** The descriptor of index.json that led here: it has the name. */
  readonly named: Descriptor;
  readonly complete: boolean;
  readonly depth: number;
  /** What else is in the index that it is in. */
  readonly siblings: readonly Descriptor[];
}

class OciLayout {
  readonly #archive: TakenArchive;
  readonly #wanted: { readonly platform?: Platform; readonly own: Platform };

  constructor(archive: TakenArchive, wanted: { readonly platform?: Platform; readonly own: Platform }) {
    this.#archive = archive;
    this.#wanted = wanted;
  }

  /** The manifests that an index names; `complete` when every one of its images must be here. Of an index of platforms just the one that is wanted. */
  async manifests(index: Buffer, complete: boolean): Promise<readonly OciManifest[]> {
    const parsed = parseManifest(index, INDEX_TYPES[0]);
    if (!isIndex(parsed)) throw archiveInvalid('its index.json is no index');
    const found: OciManifest[] = [];
    const referrers = new Map<Descriptor, { readonly referrer: Referrer; readonly bytes: Buffer }>();
    for (const descriptor of parsed.manifests) {
      const bytes = await this.#archive.read(blobPath(descriptor.digest));
      const referrer = bytes && isListed(descriptor) ? parseReferrer(bytes, descriptor.digest) : undefined;
      if (bytes && referrer) referrers.set(descriptor, { referrer, bytes });
    }
    for (const descriptor of parsed.manifests.filter((each) => isImage(each) && !referrers.has(each))) {
      const manifest = await this.#manifest(descriptor, { named: descriptor, complete, depth: 0, siblings: parsed.manifests });
      if (manifest) found.push(manifest);
    }
    const own = [...referrers.values()];
    return found.map((manifest) => ({
      ...manifest,
      attestedBy: [
        ...manifest.attestedBy,
        ...own
          .filter(({ referrer }) => referrer.subject === manifest.digest)
          .map(({ referrer, bytes }) => this.#attesting(referrer.descriptor.digest, bytes, true)),
      ],
    }));
  }

  #attesting(digest: Digest, bytes: Buffer, isReferrer: boolean): ArchivedReferrer {
    return { digest, bytes, isReferrer, file: (blob) => this.#archive.find(blobPath(blob)) };
  }

  /** What lies beside an image in its index and attests it. */
  async #statements(subject: Digest, siblings: readonly Descriptor[]): Promise<readonly ArchivedReferrer[]> {
    const found: ArchivedReferrer[] = [];
    for (const { digest } of siblings.filter((sibling) => isStatementsOf(subject, sibling))) {
      const bytes = await this.#archive.read(blobPath(digest));
      if (bytes === undefined) continue;
      checkedByName(blobPath(digest), bytes);
      found.push(this.#attesting(digest, bytes, false));
    }
    return found;
  }

  async #manifest(descriptor: Descriptor, way: Way): Promise<OciManifest | undefined> {
    const { named, complete, depth, siblings } = way;
    if (depth > DEPTH_MAX) throw archiveInvalid(`its indexes lie more than ${DEPTH_MAX} deep in one another`);
    const path = blobPath(descriptor.digest);
    const bytes = await this.#archive.read(path);
    if (bytes === undefined) {
      if (complete) throw missing(path);
      return undefined;
    }
    checkedByName(path, bytes);
    const parsed = parseManifest(bytes, descriptor.mediaType);
    if (!isIndex(parsed)) return { named, digest: descriptor.digest, bytes, parsed, attestedBy: await this.#statements(descriptor.digest, siblings) };
    const chosen = this.#choose(parsed, named);
    return this.#manifest(chosen, { named, complete, depth: depth + 1, siblings: parsed.manifests });
  }

  #choose(index: Index, named: Descriptor): Descriptor {
    const wanted = this.#wanted.platform ?? this.#wanted.own;
    const here = { ...index, manifests: index.manifests.filter((each) => isImage(each) && this.#archive.find(blobPath(each.digest)) !== undefined) };
    const chosen = choosePlatform(here, wanted) ?? (this.#wanted.platform === undefined ? here.manifests[0] : undefined);
    if (chosen) return chosen;
    const offered = here.manifests.map(({ platform }) => (platform ? platformName(platform) : 'unknown'));
    throw platformMissing(named.annotations?.['io.containerd.image.name'] ?? named.digest, platformName(wanted), offered);
  }
}

/** Holds an image's configuration against what was asked for and what the archive says of it. Errors: `MANIFEST_INVALID`, `PLATFORM_UNKNOWN`. */
export function checkConfig(image: ArchivedImage, manifest: Manifest, platform: Platform | undefined): void {
  const { os, architecture, variant } = parseConfig(image.config, manifest);
  const own: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const fits = platform === undefined || (platform.os === os && platform.architecture === architecture && (platform.variant ?? variant) === variant);
  if (!fits) throw platformMissing(image.names[0]?.repository ?? image.configDigest, platformName(platform), [platformName(own)]);
}

function archivedLayer(archive: TakenArchive, path: string): ArchivedLayer {
  const file = archive.find(path);
  if (file === undefined) throw missing(path);
  const digest = digestInName(path);
  return { file, ...(digest === undefined ? {} : { digest }) };
}

async function required(archive: TakenArchive, path: string): Promise<Buffer> {
  const bytes = await archive.read(path);
  if (bytes === undefined) throw missing(path);
  return bytes;
}

/** The digest of bytes, which must be the one that their name in the archive claims. */
function checkedByName(path: string, bytes: Buffer): Digest {
  const claimed = digestInName(path);
  const digest = digestOf(bytes, claimed && algorithmOf(claimed));
  if (claimed !== undefined && claimed !== digest) throw digestMismatch(claimed, digest);
  return digest;
}

/** `blobs/sha256/<hex>`, `blobs/sha512/<hex>` and `<hex>.json` say what they hold. */
function digestInName(path: string): Digest | undefined {
  const [name = '', folder = ''] = path.split('/').reverse();
  const digest = `${folder === 'sha512' ? folder : 'sha256'}:${name.replace(/\.json$/, '')}`;
  return isDigest(digest) ? digest : undefined;
}

function missing(path: string): GantryError {
  return archiveInvalid(`${JSON.stringify(path)} is named in it and is not there`);
}

function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw archiveInvalid(`its ${name} is no JSON`, error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
