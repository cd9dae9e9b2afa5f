import type { Digest } from '#image';

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
export interface LinkedBlob {
  readonly size: number;
  readonly linked_ms: number;
}
export interface StoredManifest extends ManifestEntry {
  readonly pushed_ms: number;
  /** Since when no tag names it; when it was pushed if none ever did. */
  readonly untagged_ms: number;
}
export interface Tag {
  readonly digest: Digest;
  readonly tagged_ms: number;
}

/** One repository as others see it: a blob or manifest that is not named here is not in it, whoever else has it. */
export interface Repository {
  readonly name: string;
  readonly blobs: ReadonlyMap<Digest, LinkedBlob>;
  readonly manifests: ReadonlyMap<Digest, StoredManifest>;
  readonly tags: ReadonlyMap<string, Tag>;
  /** Bytes of its distinct blobs and manifests. */
  readonly used_bytes: number;
  /** Whether a manifest refers to it. */
  isReferred(digest: Digest): boolean;
  tagsOf(digest: Digest): ReadonlySet<string>;
}

/** One change of a repository: what its log keeps. */
export type Change =
  | { readonly op: 'link'; readonly digest: Digest; readonly size: number; readonly at_ms: number }
  | { readonly op: 'unlink'; readonly digest: Digest }
  | { readonly op: 'put'; readonly digest: Digest; readonly entry: ManifestEntry; readonly tags: readonly string[]; readonly at_ms: number }
  | { readonly op: 'untag'; readonly tag: string; readonly at_ms: number }
  | { readonly op: 'remove'; readonly digest: Digest };

/** What of a repository is written down; everything else is derived. */
export interface RepositoryRecord {
  readonly name: string;
  /** The number of the last change in it. */
  readonly sequence: number;
  readonly blobs: Readonly<Record<Digest, LinkedBlob>>;
  readonly manifests: Readonly<Record<Digest, StoredManifest>>;
  readonly tags: Readonly<Record<string, Tag>>;
}

/** A repository in memory, with the indexes that make every question about it a look-up. */
export class RepositoryState implements Repository {
  readonly name: string;
  readonly blobs = new Map<Digest, LinkedBlob>();
  readonly manifests = new Map<Digest, StoredManifest>();
  readonly tags = new Map<string, Tag>();
  used_bytes = 0;
  readonly #uses = new Map<Digest, number>();
  readonly #tagsOf = new Map<Digest, Set<string>>();

  constructor(name: string, record?: RepositoryRecord) {
    this.name = name;
    // The casts give keys back the type that Object.entries takes from them.
    for (const [digest, blob] of Object.entries(record?.blobs ?? {}) as [Digest, LinkedBlob][]) this.#link(digest, blob);
    for (const [digest, entry] of Object.entries(record?.manifests ?? {}) as [Digest, StoredManifest][]) this.#put(digest, entry);
    for (const [tag, target] of Object.entries(record?.tags ?? {})) this.#tag(tag, target);
  }

  get isEmpty(): boolean {
    return this.blobs.size === 0 && this.manifests.size === 0;
  }

  has(digest: Digest): boolean {
    return this.blobs.has(digest) || this.manifests.has(digest);
  }

  isReferred(digest: Digest): boolean {
    return this.#uses.has(digest);
  }

  tagsOf(digest: Digest): ReadonlySet<string> {
    return this.#tagsOf.get(digest) ?? new Set();
  }

  record(sequence: number): RepositoryRecord {
    const { name, blobs, manifests, tags } = this;
    return { name, sequence, blobs: Object.fromEntries(blobs), manifests: Object.fromEntries(manifests), tags: Object.fromEntries(tags) };
  }

  apply(change: Change): void {
    switch (change.op) {
      case 'link':
        return this.#link(change.digest, { size: change.size, linked_ms: change.at_ms });
      case 'unlink':
        return this.#unlink(change.digest);
      case 'put': {
        const { digest, entry, tags, at_ms } = change;
        this.#put(digest, { ...entry, pushed_ms: at_ms, untagged_ms: at_ms });
        for (const tag of tags) this.#tag(tag, { digest, tagged_ms: at_ms });
        return;
      }
      case 'untag':
        return this.#untag(change.tag, change.at_ms);
      case 'remove':
        return this.#remove(change.digest);
    }
  }

  #link(digest: Digest, blob: LinkedBlob): void {
    this.used_bytes += blob.size - (this.blobs.get(digest)?.size ?? 0);
    this.blobs.set(digest, blob);
  }

  #unlink(digest: Digest): void {
    this.used_bytes -= this.blobs.get(digest)?.size ?? 0;
    this.blobs.delete(digest);
  }

  #put(digest: Digest, entry: StoredManifest): void {
    const before = this.manifests.get(digest);
    this.#refer(before?.references ?? [], -1);
    this.#refer(entry.references, 1);
    this.used_bytes += entry.size - (before?.size ?? 0);
    this.manifests.set(digest, entry);
  }

  #remove(digest: Digest): void {
    const entry = this.manifests.get(digest);
    if (!entry) return;
    for (const tag of this.tagsOf(digest)) this.tags.delete(tag);
    this.#tagsOf.delete(digest);
    this.#refer(entry.references, -1);
    this.used_bytes -= entry.size;
    this.manifests.delete(digest);
  }

  #tag(tag: string, target: Tag): void {
    if (this.tags.get(tag)?.digest !== target.digest) this.#untag(tag, target.tagged_ms);
    this.tags.set(tag, target);
    const names = this.#tagsOf.get(target.digest) ?? new Set();
    this.#tagsOf.set(target.digest, names.add(tag));
  }

  #untag(tag: string, at_ms: number): void {
    const target = this.tags.get(tag);
    if (!target) return;
    this.tags.delete(tag);
    const names = this.#tagsOf.get(target.digest);
    names?.delete(tag);
    if (names?.size !== 0) return;
    this.#tagsOf.delete(target.digest);
    const entry = this.manifests.get(target.digest);
    if (entry) this.manifests.set(target.digest, { ...entry, untagged_ms: at_ms });
  }

  #refer(references: readonly Digest[], by: number): void {
    for (const digest of references) {
      const uses = (this.#uses.get(digest) ?? 0) + by;
      if (uses === 0) this.#uses.delete(digest);
      else this.#uses.set(digest, uses);
    }
  }
}
