import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '#kit';
import { eraseTree, GantryError, KeyedMutex, readJson, removeDurable, writeDurable } from '#kit';
import type { Digest, Image, ImageStore, Layer } from '#image';
import { type CacheEntry, chooseDoomed, type PruneRequest } from './choose.ts';
import { asCacheRecord, CACHE_VERSION, type CacheContent, type CacheRecord } from './record.ts';

/** A use is written down when the last one that was is so old. */
const USE_IS_NOTED_MS = 60_000;
const LEASES = 'build-cache/';

/**
 * Remembered work, one durable file each; the blobs of layers are kept by the leases `build-cache/KEY`, what was fetched and the folders
 * of cache mounts in `files/KEY`. Nothing here is needed: what is lost is done again.
 */
export class BuildCache {
  readonly #folder: string;
  readonly #images: ImageStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #records = new Map<string, CacheRecord>();
  readonly #files = new KeyedMutex();
  readonly #quick = new Map<string, string>();
  readonly #steps = new Map<string, number>();
  /** How many builds use a record now. */
  readonly #users = new Map<string, number>();
  /** Until when the uses of a record are written down. */
  readonly #noted_ms = new Map<string, number>();

  constructor(options: { folder: string; images: ImageStore; clock: Clock; logger: Logger }) {
    this.#folder = options.folder;
    this.#images = options.images;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Reads the records and lets go of what belongs to none. Errors: `BUILD_CACHE_TOO_NEW`. */
  async load(): Promise<void> {
    await mkdir(join(this.#folder, 'files'), { recursive: true, mode: 0o700 });
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      const path = join(this.#folder, entry.name);
      if (entry.isDirectory()) continue;
      const value = entry.name.endsWith('.json') ? await readOrNothing(path) : undefined;
      const record = asCacheRecord(value);
      if (record) this.#keep(record);
      else if (typeof value === 'object' && value !== null && 'version' in value && Number(value.version) > CACHE_VERSION)
        throw new GantryError(
          'BUILD_CACHE_TOO_NEW',
          500,
          `Cannot read ${path}: its version ${String(value.version)} is newer than ${CACHE_VERSION}, the newest known here; use a newer release or delete ${this.#folder}`,
        );
      else await removeDurable(path);
    }
    for (const owner of this.#images.leases(LEASES).keys()) if (!this.#records.has(owner.slice(LEASES.length))) await this.#images.release(owner);
    for (const name of await readdir(join(this.#folder, 'files'))) if (!this.#records.has(name)) await eraseTree(join(this.#folder, 'files', name));
  }

  /** The folder that goes with a record of fetched files or of a cache mount. */
  folderOf(key: string): string {
    return join(this.#folder, 'files', key);
  }

  /** The record of that key and kind, if its content is still here. */
  async find<K extends CacheRecord['kind']>(key: string, kind: K): Promise<Extract<CacheRecord, { kind: K }> | undefined> {
    const record = this.#records.get(key);
    if (record?.kind !== kind) return undefined;
    if (record.kind === 'layer' && record.layer && !(await this.#images.content.stat(record.layer.blob.digest))) {
      await this.#drop(record);
      return undefined;
    }
    this.#noteUse(record);
    // The compiler does not see that the kind was compared above.
    return record as Extract<CacheRecord, { kind: K }>;
  }

  /** The key of the work that this quick key led to before. */
  keyOfQuick(quick: string): string | undefined {
    return this.#quick.get(quick);
  }

  /** The image of that key, if it is still here. */
  async findImage(key: string): Promise<Image | undefined> {
    const record = await this.find(key, 'image');
    if (!record) return undefined;
    try {
      return await this.#images.resolve(record.image);
    } catch (error) {
      if (!(error instanceof GantryError) || error.status !== 404) throw error;
      await this.#drop(record);
      return undefined;
    }
  }

  /** Whether an image was made before by a step of that key. */
  knowsStep(step: string): boolean {
    return this.#steps.has(step);
  }

  /** Remembers work that was done. The blob is held first, so that no record stands without one. */
  async remember(key: string, entry: { readonly what: string; readonly bytes: number; readonly created_ms: number }, content: CacheContent): Promise<void> {
    if (content.kind === 'layer' && content.layer) await this.#images.lease(`${LEASES}${key}`, content.layer.blob.digest);
    const record: CacheRecord = { version: CACHE_VERSION, key, ...entry, used_ms: this.#clock.now(), uses: 1, ...content };
    const before = this.#records.get(key);
    await this.#write(record);
    await this.#letGo(before, record);
  }

  /** Lets a quick key lead to a layer's record. */
  async alias(key: string, quick: string): Promise<void> {
    const record = this.#records.get(key);
    if (record?.kind === 'layer' && record.quick !== quick) await this.#write({ ...record, quick });
  }

  /** Keeps a record from being pruned until it is let go. */
  use(key: string): Disposable {
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#users.get(key) ?? 1) - 1;
        if (left === 0) this.#users.delete(key);
        else this.#users.set(key, left);
      },
    };
  }

  /** Everything that takes room. */
  async entries(): Promise<readonly CacheEntry[]> {
    const inImages = new Set<Digest>((await this.#images.list()).flatMap((image) => image.manifest.layers.map((layer) => layer.digest)));
    return [...this.#records.values()]
      .filter(({ kind }) => kind !== 'image')
      .map((record) => ({
        record,
        inUse: this.#users.has(record.key),
        shared: record.kind === 'layer' && record.layer !== undefined && inImages.has(record.layer.blob.digest),
      }));
  }

  /** Forgets what `chooseDoomed` says; answers it. The blobs go with the next collection of garbage. */
  async prune(request: PruneRequest): Promise<readonly CacheRecord[]> {
    const doomed = chooseDoomed(await this.entries(), request);
    for (const record of doomed) await this.#drop(record);
    if (request.all && request.keep_bytes === undefined && request.until_ms === undefined && request.fits === undefined)
      for (const record of [...this.#records.values()]) if (record.kind === 'image') await this.#drop(record);
    return doomed;
  }

  /** Writes down a changed size. */
  async resize(key: string, bytes: number): Promise<void> {
    const record = this.#records.get(key);
    if (record && record.bytes !== bytes) await this.#write({ ...record, bytes });
  }

  /** A layer that was made anew takes the place of the former one, unless another build may still stand on that. */
  async #letGo(before: CacheRecord | undefined, now: CacheRecord): Promise<void> {
    const former = before?.kind === 'layer' ? before.layer?.blob.digest : undefined;
    const kept = now.kind === 'layer' ? now.layer?.blob.digest : undefined;
    if (former === undefined || former === kept || (this.#users.get(now.key) ?? 0) > 1) return;
    await this.#images.release(`${LEASES}${now.key}`, former);
  }

  #noteUse(record: CacheRecord): void {
    const now = this.#clock.now();
    const used: CacheRecord = { ...record, used_ms: now, uses: record.uses + 1 };
    this.#records.set(record.key, used);
    if (now - (this.#noted_ms.get(record.key) ?? 0) < USE_IS_NOTED_MS) return;
    // Nobody waits for it: lost, it makes a record look a little older.
    this.#write(used).catch((error: unknown) => this.#logger.warn('cannot note that a cached step was used', { error }));
  }

  async #write(record: CacheRecord): Promise<void> {
    this.#keep(record);
    // Whoever comes later writes what the record has become meanwhile.
    await this.#files.run(record.key, async () => {
      const latest = this.#records.get(record.key);
      if (latest) await writeDurable(join(this.#folder, `${record.key}.json`), JSON.stringify(latest));
    });
  }

  #keep(record: CacheRecord): void {
    this.#unlink(this.#records.get(record.key));
    this.#records.set(record.key, record);
    this.#noted_ms.set(record.key, record.used_ms);
    if (record.kind === 'layer' && record.quick !== undefined) this.#quick.set(record.quick, record.key);
    if (record.kind === 'image') for (const step of record.steps) this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
  }

  #unlink(record: CacheRecord | undefined): void {
    if (record?.kind === 'layer' && record.quick !== undefined) this.#quick.delete(record.quick);
    if (record?.kind !== 'image') return;
    for (const step of record.steps) {
      const left = (this.#steps.get(step) ?? 1) - 1;
      if (left === 0) this.#steps.delete(step);
      else this.#steps.set(step, left);
    }
  }

  async #drop(record: CacheRecord): Promise<void> {
    this.#unlink(record);
    this.#records.delete(record.key);
    this.#noted_ms.delete(record.key);
    await this.#files.run(record.key, async () => {
      if (!this.#records.has(record.key)) await removeDurable(join(this.#folder, `${record.key}.json`));
    });
    if (record.kind === 'layer') await this.#images.release(`${LEASES}${record.key}`);
    if (record.kind === 'files' || record.kind === 'mount') await eraseTree(this.folderOf(record.key));
    this.#logger.debug('forgot a build step', { what: record.what });
  }
}

/** What cannot be read is no record: the cache can do without. */
async function readOrNothing(path: string): Promise<unknown> {
  try {
    return await readJson(path);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A layer's part of a record. */
export function layerContent(layer: Layer | undefined, quick?: string): CacheContent {
  return { kind: 'layer', ...(layer === undefined ? {} : { layer }), ...(quick === undefined ? {} : { quick }) };
}
