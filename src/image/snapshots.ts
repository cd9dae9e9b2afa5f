import { type Stats, statSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTree, KeyedMutex, type Logger, writeDurable } from '#kit';
import type { Linux } from '#linux';
import { changesOf } from './changes.ts';
import type { BlobStore } from './content.ts';
import { isDigest } from './digest.ts';
import { snapshotUnknown } from './errors.ts';
import type { Fresh } from './fresh.ts';
import { INLINE_BYTES_MAX, type JobRunner } from './jobs/runner.ts';
import type { LayerStore, UnpackedLayer } from './layers.ts';
import { LowerView } from './lower-view.ts';
import { OCI_LAYER_GZIP } from './media-types.ts';
import { mountOverlay } from './overlay.ts';
import { encodeRecord, fileName, readRecord, type RecordFormat } from './records.ts';
import { openPrivileges } from './tar/files.ts';
import { omittedFrom } from './stand-ins.ts';
import { weigh } from './trees/trees.ts';
import type { TreeCopyItem } from './trees/types.ts';
import type { CommitOptions, Digest, Image, Layer, Snapshots } from './types.ts';

interface SnapshotRecord {
  readonly key: string;
  /** Chain ids, lowest first. */
  readonly layers: readonly Digest[];
}
const FORMAT: RecordFormat<SnapshotRecord> = {
  version: 2,
  parse: ({ key, layers }) => (typeof key === 'string' && isDigests(layers) ? { key, layers } : undefined),
  // Version 1 named the image too.
  migrations: { 1: (value) => value },
};

/** What packing a file costs beside its bytes, in bytes. */
const PACKING_BYTES = 4_096;

export interface SnapshotOptions {
  readonly folder: string;
  readonly mounts: Linux['mounts'];
  readonly content: BlobStore;
  readonly layers: LayerStore;
  readonly jobs: JobRunner;
  readonly fresh: Fresh;
  readonly logger: Logger;
  readonly imageById: (id: Digest) => Promise<Image>;
}

/** Overlay mounts over unpacked layers; one folder a key with the writable layer, its record, and the place where it is mounted. */
export class OverlaySnapshots implements Snapshots {
  readonly #options: SnapshotOptions;
  readonly #folder: string;
  readonly #records = new Map<string, SnapshotRecord>();
  readonly #mutex = new KeyedMutex();
  /** What is being erased, by key. */
  readonly #erasing = new Map<string, Promise<void>>();
  readonly #privileges = openPrivileges();

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.#folder = join(options.folder, 'snapshots');
  }

  /** Finds the snapshots; what a killed process had half prepared or half removed goes. Mounts stay as they are. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    for (const name of await readdir(this.#folder)) {
      const folder = join(this.#folder, name);
      const record = name.includes('.') ? undefined : readRecord(join(folder, 'snapshot.json'), FORMAT);
      if (record) this.#records.set(record.key, record);
      else await this.#erase(folder);
    }
  }

  /** Chain ids of every layer that a snapshot stands on. */
  *chains(): Iterable<Digest> {
    for (const { layers } of this.#records.values()) yield* layers;
  }

  prepare(key: string, imageId: Digest): Promise<void> {
    return this.#prepare(key, async () => this.#options.layers.ensure(await this.#options.imageById(imageId)));
  }

  prepareLayers(key: string, layers: readonly Layer[]): Promise<void> {
    return this.#prepare(key, () => this.#options.layers.ensureLayers(layers));
  }

  #prepare(key: string, unpack: () => Promise<readonly UnpackedLayer[]>): Promise<void> {
    return this.#mutex.run(key, async () => {
      if (this.#records.has(key)) return;
      const layers = await unpack();
      const record: SnapshotRecord = { key, layers: layers.map(({ chainId }) => chainId) };
      this.#records.set(key, record);
      for (const chainId of record.layers) this.#options.fresh.settle(chainId);
      try {
        await this.#makeFolders(record, layers.at(-1));
      } catch (error) {
        this.#records.delete(key);
        await this.#erase(this.#path(key));
        throw error;
      }
    });
  }

  /** The record comes last: with it the snapshot is there. */
  async #makeFolders(record: SnapshotRecord, top: UnpackedLayer | undefined): Promise<void> {
    const folder = this.#path(record.key);
    await mkdir(folder, { mode: 0o711 });
    await Promise.all(['work', 'root', 'upper', ...(top ? [] : ['empty'])].map((name) => mkdir(join(folder, name), { mode: 0o755 })));
    if (top) await copyLooks(await lstat(this.#options.layers.pathOf(top)), join(folder, 'upper'));
    await writeDurable(join(folder, 'snapshot.json'), encodeRecord(record, FORMAT));
  }

  mount(key: string): Promise<string> {
    return this.#mutex.run(key, async () => {
      const layers = this.#layersOf(this.#require(key));
      const folder = this.#path(key);
      const root = join(folder, 'root');
      if (isMounted(root)) return root;
      const { layers: store, mounts } = this.#options;
      await mounts.turn();
      const lower = layers.length === 0 ? [join(folder, 'empty')] : layers.map((layer) => store.pathOf(layer)).reverse();
      mountOverlay(mounts, { base: store.folder, lower, upper: join(folder, 'upper'), work: join(folder, 'work'), target: root });
      return root;
    });
  }

  unmount(key: string): Promise<void> {
    return this.#mutex.run(key, async () => {
      if (this.#records.has(key)) await this.#unmountFolder(this.#path(key));
    });
  }

  remove(key: string): Promise<void> {
    return this.#mutex.run(key, async () => {
      if (!this.#records.has(key)) return;
      const folder = this.#path(key);
      await this.#unmountFolder(folder);
      await this.#erasing.get(key);
      const doomed = `${folder}.old`;
      await rename(folder, doomed);
      this.#records.delete(key);
      // Nobody need wait for that: what is left of it when the process is killed goes at the next `open`.
      const erased = this.#erase(doomed)
        .catch((error: unknown) => this.#options.logger.warn('a removed snapshot stays on the disk until the next start', { key, error }))
        .finally(() => this.#erasing.delete(key));
      this.#erasing.set(key, erased);
    });
  }

  /** Waits for what is still being erased. */
  async close(): Promise<void> {
    await Promise.all(this.#erasing.values());
  }

  async list(): Promise<readonly string[]> {
    return [...this.#records.keys()];
  }

  async usage(key: string): Promise<number> {
    this.#require(key);
    return usageOf(join(this.#path(key), 'upper'));
  }

  async changes(key: string) {
    return changesOf(join(this.#path(key), 'upper'), this.#lowerView(this.#require(key)), this.#privileges.xattrs);
  }

  async take(key: string, item: TreeCopyItem): Promise<void> {
    const root = await this.mount(key);
    const { jobs } = this.#options;
    const bytes = await weigh([item]);
    const grafts = await jobs.run<'prepare-grafts'>({ kind: 'prepare-grafts', root, item }, bytes);
    await this.unmount(key);
    await jobs.run<'graft'>({ kind: 'graft', upper: join(this.#path(key), 'upper'), item, grafts }, bytes);
  }

  async commit(key: string, options: CommitOptions = {}): Promise<Layer> {
    return (await this.#commit(key, options, false)).layer;
  }

  async seal(key: string, options: CommitOptions = {}): Promise<Layer> {
    const record = this.#require(key);
    // Files whose times were changed in the blob only, or that are not in it, would not be what the blob unpacks to.
    const isWhole = options.latest_ms === undefined && options.standIns === undefined;
    if (isWhole) await this.unmount(key);
    const { layer, size_bytes } = await this.#commit(key, options, isWhole);
    const files = join(this.#path(key), 'upper');
    if (isWhole) await this.#options.layers.adopt({ below: record.layers.at(-1), diffId: layer.diffId, files, size_bytes });
    await this.remove(key);
    return layer;
  }

  async #commit(key: string, { standIns = [], ...options }: CommitOptions, sync: boolean): Promise<{ layer: Layer; size_bytes: number }> {
    const record = this.#require(key);
    const { content, jobs } = this.#options;
    const source = join(this.#path(key), 'upper');
    const omit = standIns.length === 0 ? [] : omittedFrom(source, standIns, this.#lowerView(record));
    const target = content.ingestPath();
    try {
      const packed = await jobs.run<'pack'>({ kind: 'pack', source, target, omit, sync, ...options }, await packingBytes(source));
      await content.adopt(target, packed.digest);
      return { layer: { diffId: packed.diffId, blob: { mediaType: OCI_LAYER_GZIP, digest: packed.digest, size: packed.size } }, size_bytes: packed.size_bytes };
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
  }

  #lowerView(record: SnapshotRecord): LowerView {
    const layers = this.#layersOf(record).map((layer) => this.#options.layers.pathOf(layer));
    return new LowerView(layers.reverse(), this.#privileges.xattrs);
  }

  #require(key: string): SnapshotRecord {
    const record = this.#records.get(key);
    if (!record) throw snapshotUnknown(key);
    return record;
  }

  #layersOf(record: SnapshotRecord): UnpackedLayer[] {
    return record.layers.map((chainId) => {
      const layer = this.#options.layers.find(chainId);
      if (!layer) throw snapshotUnknown(`${record.key} (its layer ${chainId} is gone from the disk)`);
      return layer;
    });
  }

  #path(key: string): string {
    return join(this.#folder, fileName(key));
  }

  async #unmountFolder(folder: string): Promise<void> {
    const root = join(folder, 'root');
    if (!isMounted(root)) return;
    await this.#options.mounts.turn();
    this.#options.mounts.unmount(root);
  }

  async #erase(folder: string): Promise<void> {
    await this.#unmountFolder(folder);
    await eraseTree(folder);
  }
}

/** True when something is mounted there: another device than its parent's. */
function isMounted(path: string): boolean {
  const here = statSync(path, { throwIfNoEntry: false });
  const above = statSync(join(path, '..'), { throwIfNoEntry: false });
  return here !== undefined && above !== undefined && here.dev !== above.dev;
}

async function copyLooks({ uid, gid, mode }: Stats, path: string): Promise<void> {
  await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
}

async function usageOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

/** About how much there is to pack, looked at no further than it takes to know that it is much. */
async function packingBytes(folder: string): Promise<number> {
  let bytes = 0;
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    const entries = await readdir(at, { withFileTypes: true });
    bytes += entries.length * PACKING_BYTES;
    for (const entry of entries) {
      if (bytes >= INLINE_BYTES_MAX) return bytes;
      if (entry.isDirectory()) folders.push(join(at, entry.name));
      else if (entry.isFile()) bytes += (await lstat(join(at, entry.name))).size;
    }
  }
  return bytes;
}

function isDigests(value: unknown): value is readonly Digest[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && isDigest(item));
}
