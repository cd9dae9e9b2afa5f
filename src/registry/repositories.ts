import { join } from 'node:path';
import { KeyedMutex } from '#kit';
import { type Digest, type ImageStore, isDigest, RecordFolder, type RecordFormat } from '#image';

/** What is known of a manifest of a repository. */
export interface ManifestEntry {
  readonly mediaType: string;
  readonly size: number;
  /** Digests of everything it refers to. */
  readonly references: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
/** One repository: a blob or manifest that is not named here is not in it, whoever else has it. */
export interface Repository {
  readonly name: string;
  readonly blobs: readonly Digest[];
  readonly manifests: Readonly<Record<Digest, ManifestEntry>>;
  readonly tags: Readonly<Record<string, Digest>>;
}

const FORMAT: RecordFormat<Repository> = {
  version: 1,
  parse({ name, blobs, manifests, tags }) {
    if (typeof name !== 'string' || !Array.isArray(blobs) || !isRecord(manifests) || !isRecord(tags)) return undefined;
    if (![...blobs, ...Object.keys(manifests), ...Object.values(tags)].every((item) => typeof item === 'string' && isDigest(item))) return undefined;
    // A cast because the entries are this file's own writing.
    return { name, blobs, manifests, tags } as Repository;
  },
};

/** The repositories, one durable record each. A lease on every blob in one is taken before the record names it. */
export class Repositories {
  readonly #images: ImageStore;
  readonly #records: RecordFolder<Repository>;
  readonly #mutex = new KeyedMutex();
  #all = new Map<string, Repository>();

  constructor(dataDir: string, images: ImageStore) {
    this.#images = images;
    this.#records = new RecordFolder(join(dataDir, 'repositories'), FORMAT);
  }

  /** Reads the records, and lets go of blobs that a killed process had leased without recording them. */
  async open(): Promise<void> {
    this.#all = await this.#records.load();
    for (const [owner, digests] of this.#images.leases('repository/')) {
      const repository = this.#all.get(owner.slice('repository/'.length));
      for (const digest of digests) if (!repository || !holds(repository, digest)) await this.#images.release(owner, digest);
    }
  }

  names(): readonly string[] {
    return [...this.#all.keys()].sort();
  }

  /** A blob that several repositories have counts for each. */
  get blobCount(): number {
    return this.#all.values().reduce((sum, { blobs }) => sum + blobs.length, 0);
  }

  find(name: string): Repository | undefined {
    return this.#all.get(name);
  }

  hasBlob(name: string, digest: Digest): boolean {
    return this.#all.get(name)?.blobs.includes(digest) ?? false;
  }

  linkBlob(name: string, digest: Digest): Promise<void> {
    return this.#change(name, (now) => ({ ...now, blobs: [...new Set([...now.blobs, digest])] }), digest);
  }

  unlinkBlob(name: string, digest: Digest): Promise<void> {
    return this.#change(name, (now) => ({ ...now, blobs: now.blobs.filter((blob) => blob !== digest) }));
  }

  putManifest(name: string, digest: Digest, entry: ManifestEntry, tags: readonly string[]): Promise<void> {
    const change = (now: Repository) => ({
      ...now,
      manifests: { ...now.manifests, [digest]: entry },
      tags: { ...now.tags, ...Object.fromEntries(tags.map((tag) => [tag, digest])) },
    });
    return this.#change(name, change, digest);
  }

  removeTag(name: string, tag: string): Promise<void> {
    return this.#change(name, (now) => ({ ...now, tags: Object.fromEntries(Object.entries(now.tags).filter(([other]) => other !== tag)) }));
  }

  /** Removes a manifest, its tags, and the blobs that only it referred to. */
  removeManifest(name: string, digest: Digest): Promise<void> {
    return this.#change(name, (now) => {
      const manifests = Object.fromEntries(Object.entries(now.manifests).filter(([other]) => other !== digest));
      const needed = new Set(Object.values(manifests).flatMap(({ references }) => references));
      const orphans = new Set(now.manifests[digest]?.references.filter((blob) => !needed.has(blob)));
      return {
        ...now,
        manifests,
        tags: Object.fromEntries(Object.entries(now.tags).filter(([, target]) => target !== digest)),
        blobs: now.blobs.filter((blob) => !orphans.has(blob)),
      };
    });
  }

  #change(name: string, change: (now: Repository) => Repository, leased?: Digest): Promise<void> {
    return this.#mutex.run(name, async () => {
      const before = this.#all.get(name) ?? { name, blobs: [], manifests: {}, tags: {} };
      const after = change(before);
      const owner = `repository/${name}`;
      if (leased !== undefined) await this.#images.lease(owner, leased);
      const isEmpty = after.blobs.length === 0 && Object.keys(after.manifests).length === 0;
      if (isEmpty) await this.#records.remove(name);
      else await this.#records.put(name, after);
      if (isEmpty) this.#all.delete(name);
      else this.#all.set(name, after);
      for (const digest of [...before.blobs, ...Object.keys(before.manifests).filter(isDigest)])
        if (!holds(after, digest)) await this.#images.release(owner, digest);
    });
  }
}

function holds({ blobs, manifests }: Repository, digest: Digest): boolean {
  return blobs.includes(digest) || digest in manifests;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
