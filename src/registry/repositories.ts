import { type Clock, KeyedMutex } from '#kit';
import { type Digest, isDigest } from '#image';
import { manifestBlobUnknown, overQuota, storedBlobUnknown } from './errors.ts';
import { RepositoryLog } from './repository-log.ts';
import { type Change, type ManifestEntry, type Repository, RepositoryState } from './repository.ts';
import type { BlobStorage, HeldBlob } from './storage/types.ts';

export type { ManifestEntry, Repository } from './repository.ts';

/** A log longer than this is folded into its record when it is longer than a record of the repository, too. */
const LOG_BYTES_MIN = 256 * 1024;
/** What a client was told is there stays so long without a manifest: it may be about to push one. */
const GRACE_MS = 3_600_000;

/** Throws where what a repository is just before it changes does not allow the change. */
type Check = (before: Repository | undefined) => void;
interface Known {
  readonly state: RepositoryState;
  sequence: number;
  record_bytes: number;
}
export interface RepositoriesOptions {
  readonly dataDir: string;
  readonly storage: BlobStorage;
  readonly clock: Clock;
  /** Bytes that a repository may have. */
  readonly quotaOf?: (name: string) => number;
}

/** The repositories. A blob is held before a record names it, and let go after none does any more. */
export class Repositories {
  readonly #storage: BlobStorage;
  readonly #clock: Clock;
  readonly #log: RepositoryLog;
  readonly #quotaOf: (name: string) => number;
  readonly #mutex = new KeyedMutex();
  readonly #all = new Map<string, Known>();
  /** When a client was last told that a repository has a blob, by the clock's monotonic time. */
  readonly #seen = new Map<string, number>();

  constructor({ dataDir, storage, clock, quotaOf = () => Number.POSITIVE_INFINITY }: RepositoriesOptions) {
    this.#storage = storage;
    this.#clock = clock;
    this.#log = new RepositoryLog(dataDir, clock.now());
    this.#quotaOf = quotaOf;
  }

  /** Reads the records, and lets go of blobs that a killed process had held without recording them. */
  async open(): Promise<void> {
    for (const [name, { record, changes, log_bytes }] of await this.#log.load()) {
      const state = new RepositoryState(name, record);
      for (const { change } of changes) state.apply(change);
      if (state.isEmpty) await this.#log.remove(name);
      else this.#all.set(name, { state, sequence: changes.at(-1)?.n ?? record?.sequence ?? 0, record_bytes: log_bytes });
    }
    await this.#storage.open(this.#held());
    for (const known of this.#all.values()) await this.#findSizes(known);
  }

  names(): readonly string[] {
    return [...this.#all.keys()].sort();
  }

  /** A blob that several repositories have counts for each. */
  get blobCount(): number {
    return this.#all.values().reduce((sum, { state }) => sum + state.blobs.size, 0);
  }

  find(name: string): Repository | undefined {
    return this.#all.get(name)?.state;
  }

  hasBlob(name: string, digest: Digest): boolean {
    return this.#all.get(name)?.state.blobs.has(digest) ?? false;
  }

  /** A client is told that the repository has the blob, if it has. */
  see(name: string, digest: Digest): void {
    if (this.hasBlob(name, digest)) this.#seen.set(`${name} ${digest}`, this.#clock.monotonic());
  }

  /** Errors: `BLOB_UNKNOWN`, `DENIED` over the quota. */
  async linkBlob(name: string, digest: Digest): Promise<void> {
    await this.#mutex.run(name, async () => {
      const { state } = this.#known(name);
      const size = await this.#hold(state, digest);
      await this.#write(name, { op: 'link', digest, size, at_ms: this.#clock.now() });
    });
  }

  unlinkBlob(name: string, digest: Digest): Promise<void> {
    return this.#mutex.run(name, () => this.#write(name, { op: 'unlink', digest }));
  }

  /** Errors: `MANIFEST_BLOB_UNKNOWN` when the repository lacks what it refers to, `DENIED` over the quota, and what `check` throws. */
  putManifest(name: string, digest: Digest, entry: ManifestEntry, tags: readonly string[], check: Check = () => undefined): Promise<void> {
    return this.#mutex.run(name, async () => {
      const { state } = this.#known(name);
      // Asked here, where nobody else changes the repository.
      check(state);
      const missing = entry.references.find((wanted) => !state.has(wanted));
      if (missing !== undefined) throw manifestBlobUnknown(missing);
      await this.#hold(state, digest);
      await this.#write(name, { op: 'put', digest, entry, tags, at_ms: this.#clock.now() });
    });
  }

  /** Errors: what `check` throws. */
  removeTag(name: string, tag: string, check: Check = () => undefined): Promise<void> {
    return this.#mutex.run(name, async () => {
      check(this.find(name));
      await this.#write(name, { op: 'untag', tag, at_ms: this.#clock.now() });
    });
  }

  /** Removes a manifest, its tags, and the blobs that only it referred to and that no client was told of in the last hour. Errors: what `check` throws. */
  removeManifest(name: string, digest: Digest, check: Check = () => undefined): Promise<void> {
    return this.#mutex.run(name, async () => {
      check(this.find(name));
      await this.#removeManifest(name, digest);
    });
  }

  /** Does with a repository what `plan` finds, while nobody else changes it. */
  sweep(name: string, plan: (repository: Repository) => { readonly tags: readonly string[]; readonly manifests: readonly Digest[] }): Promise<void> {
    return this.#mutex.run(name, async () => {
      const state = this.#all.get(name)?.state;
      if (!state) return;
      const { tags, manifests } = plan(state);
      for (const tag of tags) await this.#write(name, { op: 'untag', tag, at_ms: this.#clock.now() });
      for (const digest of manifests) await this.#removeManifest(name, digest);
      for (const digest of this.orphans(state)) await this.#write(name, { op: 'unlink', digest });
    });
  }

  /** Blobs that no manifest refers to (those of `without` not counted), and that no push may be about to use. */
  orphans(repository: Repository, without: ReadonlySet<Digest> = new Set()): readonly Digest[] {
    const needed = new Set<Digest>();
    for (const [digest, { references }] of without.size === 0 ? [] : repository.manifests)
      if (!without.has(digest)) for (const reference of references) needed.add(reference);
    const isNeeded = (digest: Digest) => (without.size === 0 ? repository.isReferred(digest) : needed.has(digest));
    return [...repository.blobs]
      .filter(([digest, blob]) => !isNeeded(digest) && this.#isIdle(repository.name, digest, blob.linked_ms))
      .map(([digest]) => digest);
  }

  async #removeManifest(name: string, digest: Digest): Promise<void> {
    const state = this.#all.get(name)?.state;
    const entry = state?.manifests.get(digest);
    if (!state || !entry) return;
    await this.#write(name, { op: 'remove', digest });
    for (const blob of entry.references) {
      const linked = state.blobs.get(blob);
      if (linked && !state.isReferred(blob) && this.#isIdle(name, blob, linked.linked_ms)) await this.#write(name, { op: 'unlink', digest: blob });
    }
  }

  #isIdle(name: string, digest: Digest, linked_ms: number): boolean {
    const key = `${name} ${digest}`;
    const seen_ms = this.#seen.get(key);
    if (seen_ms !== undefined && this.#clock.monotonic() - seen_ms < GRACE_MS) return false;
    this.#seen.delete(key);
    return this.#clock.now() - linked_ms >= GRACE_MS;
  }

  #known(name: string): Known {
    return this.#all.get(name) ?? { state: new RepositoryState(name), sequence: 0, record_bytes: 0 };
  }

  /** Holds a blob or manifest for the repository where it does not yet; answers its size. */
  async #hold(state: RepositoryState, digest: Digest): Promise<number> {
    const size = await this.#storage.hold(state.name, digest);
    if (size === undefined) throw storedBlobUnknown(digest);
    const used_bytes = state.used_bytes + (state.has(digest) ? 0 : size);
    const quota_bytes = this.#quotaOf(state.name);
    if (used_bytes <= quota_bytes || state.has(digest)) return size;
    await this.#storage.release(state.name, digest);
    throw overQuota(state.name, used_bytes, quota_bytes);
  }

  /** Writes one change down, then shows it, then lets go of what it was the last to name. */
  async #write(name: string, change: Change): Promise<void> {
    const known = this.#known(name);
    const { state } = known;
    const log_bytes = await this.#log.append(name, known.sequence + 1, change);
    known.sequence += 1;
    state.apply(change);
    this.#all.set(name, known);
    if (change.op === 'unlink') this.#seen.delete(`${name} ${change.digest}`);
    if ('digest' in change && !state.has(change.digest)) await this.#storage.release(name, change.digest);
    if (state.isEmpty) {
      await this.#log.remove(name);
      this.#all.delete(name);
    } else if (log_bytes > Math.max(LOG_BYTES_MIN, known.record_bytes)) await this.#compact(known);
  }

  async #compact(known: Known): Promise<void> {
    const record = known.state.record(known.sequence);
    await this.#log.compact(record);
    known.record_bytes = JSON.stringify(record).length;
  }

  /** Records of the first version lack the sizes of their blobs. */
  async #findSizes(known: Known): Promise<void> {
    const unknown = [...known.state.blobs].filter(([, { size }]) => size < 0);
    for (const [digest, { linked_ms }] of unknown) {
      const size = (await this.#storage.stat(digest))?.size ?? 0;
      known.state.apply({ op: 'link', digest, size, at_ms: linked_ms });
    }
    if (unknown.length > 0) await this.#compact(known);
  }

  *#held(): Iterable<HeldBlob> {
    for (const [repository, { state }] of this.#all) {
      for (const [digest, { size }] of state.blobs) yield { repository, digest, size };
      for (const [digest, { size }] of state.manifests) if (isDigest(digest)) yield { repository, digest, size };
    }
  }
}
