import { join } from 'node:path';
import type { Logger } from '#kit';
import type { BlobStore } from './content.ts';
import { hexOf, isDigest } from './digest.ts';
import { imageAmbiguous, imageUnknown } from './errors.ts';
import { readImage } from './manifest.ts';
import { RecordFolder, type RecordFormat } from './records.ts';
import { formatReference, parseReference } from './reference.ts';
import type { Digest, Image, ImageConfig, LeaseOwner, Manifest } from './types.ts';

interface ImageRecord {
  readonly id: Digest;
  readonly manifestDigest: Digest;
  readonly size_bytes: number;
  readonly created_ms: number;
}
interface NameRecord {
  readonly image: Digest;
  /** Of the index that the name stood for, where there was one. */
  readonly manifestDigest: Digest;
}
interface LeaseRecord {
  readonly owner: LeaseOwner;
  readonly digest: Digest;
}
/** An image without its names. */
export interface KnownImage extends ImageRecord {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

const IMAGES: RecordFormat<ImageRecord> = {
  version: 1,
  parse: ({ id, manifestDigest, size_bytes, created_ms }) =>
    isDigestText(id) && isDigestText(manifestDigest) && typeof size_bytes === 'number' && typeof created_ms === 'number'
      ? { id, manifestDigest, size_bytes, created_ms }
      : undefined,
};
const NAMES: RecordFormat<NameRecord> = {
  version: 1,
  parse: ({ image, manifestDigest }) => (isDigestText(image) && isDigestText(manifestDigest) ? { image, manifestDigest } : undefined),
};
const LEASES: RecordFormat<LeaseRecord> = {
  version: 1,
  parse: ({ owner, digest }) => (typeof owner === 'string' && isDigestText(digest) ? { owner, digest } : undefined),
};

/** What is known of images, names and leases: one durable record each, and an index of them in memory. */
export class Catalogue {
  readonly #content: BlobStore;
  readonly #logger: Logger;
  readonly #imageRecords: RecordFolder<ImageRecord>;
  readonly #nameRecords: RecordFolder<NameRecord>;
  readonly #leaseRecords: RecordFolder<LeaseRecord>;
  readonly #images = new Map<Digest, KnownImage>();
  #names = new Map<string, NameRecord>();
  readonly #leases = new Map<LeaseOwner, Set<Digest>>();

  constructor({ folder, content, logger }: { readonly folder: string; readonly content: BlobStore; readonly logger: Logger }) {
    this.#content = content;
    this.#logger = logger;
    this.#imageRecords = new RecordFolder(join(folder, 'images'), IMAGES);
    this.#nameRecords = new RecordFolder(join(folder, 'names'), NAMES);
    this.#leaseRecords = new RecordFolder(join(folder, 'leases'), LEASES);
  }

  async open(): Promise<void> {
    for (const record of (await this.#imageRecords.load()).values()) {
      try {
        this.#images.set(record.id, { ...record, ...(await readImage(this.#content, record.manifestDigest)) });
      } catch (error) {
        // One image that cannot be read must not keep the others from being used.
        this.#logger.error('image left out: its manifest or configuration cannot be read', { image: record.id, error });
      }
    }
    this.#names = await this.#nameRecords.load();
    for (const [name, { image }] of this.#names) if (!this.#images.has(image)) await this.removeName(name);
    for (const { owner, digest } of (await this.#leaseRecords.load()).values()) this.#hold(owner, digest);
  }

  images(): Iterable<KnownImage> {
    return this.#images.values();
  }

  image(id: Digest): KnownImage | undefined {
    return this.#images.get(id);
  }

  async putImage(image: KnownImage): Promise<void> {
    const { id, manifestDigest, size_bytes, created_ms } = image;
    await this.#imageRecords.put(hexOf(id), { id, manifestDigest, size_bytes, created_ms });
    this.#images.set(id, image);
  }

  async removeImage(id: Digest): Promise<void> {
    this.#images.delete(id);
    await this.#imageRecords.remove(hexOf(id));
  }

  name(name: string): NameRecord | undefined {
    return this.#names.get(name);
  }

  /** Every name with what it stands for. */
  names(): ReadonlyMap<string, NameRecord> {
    return this.#names;
  }

  async putName(name: string, record: NameRecord): Promise<void> {
    await this.#nameRecords.put(name, record);
    this.#names.set(name, record);
  }

  async removeName(name: string): Promise<void> {
    this.#names.delete(name);
    await this.#nameRecords.remove(name);
  }

  namesOf(id: Digest): readonly string[] {
    return [...this.#names]
      .filter(([, { image }]) => image === id)
      .map(([name]) => name)
      .sort();
  }

  async lease(owner: LeaseOwner, digest: Digest): Promise<void> {
    if (this.#leases.get(owner)?.has(digest)) return;
    await this.#leaseRecords.put(leaseKey(owner, digest), { owner, digest });
    this.#hold(owner, digest);
  }

  async release(owner: LeaseOwner, digest?: Digest): Promise<void> {
    const held = this.#leases.get(owner);
    for (const each of digest === undefined ? [...(held ?? [])] : [digest]) {
      if (!held?.delete(each)) continue;
      await this.#leaseRecords.remove(leaseKey(owner, each));
    }
    if (held?.size === 0) this.#leases.delete(owner);
  }

  leases(prefix = ''): ReadonlyMap<LeaseOwner, readonly Digest[]> {
    return new Map([...this.#leases].filter(([owner]) => owner.startsWith(prefix)).map(([owner, digests]) => [owner, [...digests]]));
  }

  /** The image with its names as they are now. */
  whole(image: KnownImage): Image {
    const names = this.namesOf(image.id);
    return { ...image, tags: names.filter((name) => !name.includes('@')), digests: names.filter((name) => name.includes('@')) };
  }

  /** By id, by name, or by the beginning of an id. Errors: `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`, `REFERENCE_INVALID`. */
  resolve(nameOrId: string): KnownImage {
    if (isDigest(nameOrId)) return this.#byDigest(nameOrId);
    const byName = this.#byName(nameOrId);
    if (byName) return byName;
    const prefix = nameOrId.replace(/^sha256:/, '');
    if (!/^[0-9a-f]{2,64}$/.test(prefix)) {
      parseReference(nameOrId);
      throw imageUnknown(nameOrId);
    }
    const found = [...this.#images.values()].filter(({ id }) => hexOf(id).startsWith(prefix));
    if (found.length > 1) throw imageAmbiguous(nameOrId, found.length);
    if (!found[0]) throw imageUnknown(nameOrId.includes(':') || prefix.length === 64 ? nameOrId : `${nameOrId}:latest`);
    return found[0];
  }

  /** The name in the index that the text means, when there is one. */
  matchName(text: string): string | undefined {
    let reference;
    try {
      reference = parseReference(text);
    } catch {
      return undefined; // Then it may still be an id.
    }
    // A digest says more than a tag beside it.
    const { tag, ...withoutTag } = reference;
    const name = formatReference(reference.digest === undefined ? reference : withoutTag);
    return this.#names.has(name) ? name : undefined;
  }

  #byName(text: string): KnownImage | undefined {
    const name = this.matchName(text);
    const record = name === undefined ? undefined : this.#names.get(name);
    return record && this.#images.get(record.image);
  }

  #byDigest(digest: Digest): KnownImage {
    const image = this.#images.get(digest) ?? [...this.#images.values()].find(({ manifestDigest }) => manifestDigest === digest);
    if (!image) throw imageUnknown(digest);
    return image;
  }

  #hold(owner: LeaseOwner, digest: Digest): void {
    const held = this.#leases.get(owner) ?? new Set();
    this.#leases.set(owner, held.add(digest));
  }
}

function leaseKey(owner: LeaseOwner, digest: Digest): string {
  return `${owner} ${hexOf(digest)}`;
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}
