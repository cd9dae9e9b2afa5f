import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '#kit';
import { GantryError, readJson, removeDurable, writeDurable } from '#kit';
import type { Digest, Image, ImageStore } from '#image';

const VERSION = 1;

/** One remembered step: this instruction on this parent made this image. */
interface CacheRecord {
  readonly version: typeof VERSION;
  readonly key: string;
  readonly parent: string;
  readonly image: Digest;
  readonly created_ms: number;
}

/** The key of a step: everything its result depends on. */
export function cacheKey(parts: { parent: string; instruction: string; content?: string; args?: readonly string[] }): string {
  return createHash('sha256')
    .update(JSON.stringify([parts.parent, parts.instruction, parts.content ?? '', parts.args ?? []]))
    .digest('hex');
}

/** Remembered steps, one durable file each; their images are kept by the leases `build-cache/IMAGE`. */
export class BuildCache {
  readonly #folder: string;
  readonly #images: ImageStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #records = new Map<string, CacheRecord>();

  constructor(options: { folder: string; images: ImageStore; clock: Clock; logger: Logger }) {
    this.#folder = options.folder;
    this.#images = options.images;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Reads the records; those of other versions are refused or, being only a cache, dropped when unreadable. */
  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (!name.endsWith('.json')) {
        await removeDurable(path);
        continue;
      }
      const value = await readJson(path);
      const record = asRecord(value);
      if (record) this.#records.set(record.key, record);
      else if (typeof value === 'object' && value !== null && 'version' in value && Number(value.version) > VERSION)
        throw new GantryError(
          'BUILD_CACHE_TOO_NEW',
          500,
          `Cannot read ${path}: its version ${String(value.version)} is newer than ${VERSION}, the newest known here; use a newer release or delete ${this.#folder}`,
        );
      else await removeDurable(path);
    }
  }

  /** The image that this step made before, if it is still here. */
  async find(key: string): Promise<Image | undefined> {
    const record = this.#records.get(key);
    if (!record) return undefined;
    try {
      return await this.#images.resolve(record.image);
    } catch (error) {
      if (!(error instanceof GantryError) || error.status !== 404) throw error;
      await this.#drop(record);
      return undefined;
    }
  }

  async remember(key: string, parent: string, image: Digest): Promise<void> {
    await this.#images.lease(leaseOf(image), image);
    const record: CacheRecord = { version: VERSION, key, parent, image, created_ms: this.#clock.now() };
    await writeDurable(join(this.#folder, `${key}.json`), JSON.stringify(record));
    this.#records.set(key, record);
  }

  /** See `Builder.forget`. */
  async forget(image: Digest): Promise<readonly Digest[]> {
    const gone: Digest[] = [];
    let current: string | undefined = image;
    while (current !== undefined) {
      const steps = [...this.#records.values()].filter((record) => record.image === current);
      const needed = [...this.#records.values()].some((record) => record.parent === current);
      const parent: string | undefined = steps[0]?.parent;
      if (steps.length === 0 || (needed && current !== image)) break;
      for (const step of steps) await this.#drop(step);
      gone.push(...steps.slice(0, 1).map((step) => step.image));
      // Steps that were built upon a deleted image can never be found again under its id.
      if (needed) break;
      current = parent;
    }
    return gone;
  }

  async clear(): Promise<readonly Digest[]> {
    const records = [...this.#records.values()].sort((a, b) => b.created_ms - a.created_ms);
    for (const record of records) await this.#drop(record);
    return [...new Set(records.map((record) => record.image))];
  }

  async #drop(record: CacheRecord): Promise<void> {
    this.#records.delete(record.key);
    await removeDurable(join(this.#folder, `${record.key}.json`));
    if ([...this.#records.values()].some((other) => other.image === record.image)) return;
    await this.#images.release(leaseOf(record.image));
    this.#logger.debug('forgot a build step', { image: record.image });
  }
}

function leaseOf(image: Digest): string {
  return `build-cache/${image.replace(/^sha256:/, '')}`;
}

function asRecord(value: unknown): CacheRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<CacheRecord>; // every field is checked on the next line
  const whole =
    record.version === VERSION &&
    typeof record.key === 'string' &&
    typeof record.parent === 'string' &&
    typeof record.image === 'string' &&
    typeof record.created_ms === 'number';
  return whole ? (record as CacheRecord) : undefined; // checked just above
}
