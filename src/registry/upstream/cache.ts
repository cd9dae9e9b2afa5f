import { join } from 'node:path';
import { type Clock, KeyedMutex } from '#kit';
import { type Digest, type ImageStore, isDigest, RecordFolder, type RecordFormat } from '#image';

/** A blob or manifest that is kept. */
export interface CachedContent {
  readonly size: number;
  /** Of a manifest; a blob has none. */
  readonly mediaType?: string;
  /** When it was last asked for (Unix time). */
  readonly used_ms: number;
}
export interface CachedTag {
  readonly digest: Digest;
  /** When the upstream last said so (Unix time). */
  readonly checked_ms: number;
}
/** What is kept of one repository of an upstream. */
export interface CachedRepository {
  readonly tags: Readonly<Record<string, CachedTag>>;
  readonly contents: Readonly<Record<Digest, CachedContent>>;
}

const NOTHING: CachedRepository = { tags: {}, contents: {} };
const OWNER = 'upstream/';
const FORMAT: RecordFormat<CachedRepository> = {
  version: 1,
  parse({ tags, contents }) {
    if (!isRecord(tags) || !isRecord(contents) || !Object.keys(contents).every(isDigest)) return undefined;
    // A cast because the entries are this file's own writing.
    return { tags, contents } as unknown as CachedRepository;
  },
};

export interface CacheOptions {
  readonly dataDir: string;
  readonly images: ImageStore;
  readonly clock: Clock;
  /** Bytes; what was least lately asked for goes first. */
  readonly bytes_max: number;
}

/** What upstreams had, one durable record for each repository. Every blob is leased before a record names it, so that none is collected while it counts. */
export class Cache {
  readonly #options: CacheOptions;
  readonly #records: RecordFolder<CachedRepository>;
  readonly #mutex = new KeyedMutex();
  /** Later than what the records say; they take it over when they are next written. */
  readonly #used = new Map<string, number>();
  #all = new Map<string, CachedRepository>();

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#records = new RecordFolder(join(options.dataDir, 'upstreams', 'repositories'), FORMAT);
  }

  /** Reads the records, lets go of leases that no record names, and forgets what the store no longer has. */
  async open(): Promise<void> {
    const { images } = this.#options;
    this.#all = await this.#records.load();
    for (const [owner, digests] of images.leases(OWNER)) {
      const contents = this.#all.get(owner.slice(OWNER.length))?.contents ?? {};
      for (const digest of digests) if (contents[digest] === undefined) await images.release(owner, digest);
    }
    for (const [key, { contents }] of this.#all)
      for (const digest of Object.keys(contents).filter(isDigest)) if (!(await images.content.stat(digest))) await this.#drop(key, digest);
    await this.#shrink();
  }

  find(key: string): CachedRepository {
    return this.#all.get(key) ?? NOTHING;
  }

  /** What is kept of that content; it counts as asked for now. */
  use(key: string, digest: Digest): CachedContent | undefined {
    const content = this.find(key).contents[digest];
    if (content !== undefined) this.#used.set(`${key} ${digest}`, this.#options.clock.now());
    return content;
  }

  /** Bytes of everything that is kept, each blob once. */
  get bytes(): number {
    const sizes = new Map([...this.#all.values()].flatMap(({ contents }) => Object.entries(contents).map(([digest, { size }]) => [digest, size])));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Keeps content that lies in the store, and makes room for it. */
  async keep(key: string, digest: Digest, content: Omit<CachedContent, 'used_ms'>): Promise<void> {
    await this.#options.images.lease(`${OWNER}${key}`, digest);
    const used_ms = this.#options.clock.now();
    await this.#change(key, (now) => ({ ...now, contents: { ...now.contents, [digest]: { ...content, used_ms } } }));
    await this.#shrink();
  }

  /** What a tag stands for; undefined when it stands for nothing any more. */
  setTag(key: string, tag: string, digest: Digest | undefined): Promise<void> {
    const checked_ms = this.#options.clock.now();
    return this.#change(key, (now) => {
      const others = Object.fromEntries(Object.entries(now.tags).filter(([name]) => name !== tag));
      return { ...now, tags: digest === undefined ? others : { ...others, [tag]: { digest, checked_ms } } };
    });
  }

  /** Lets go of what was least lately asked for until the rest fits. */
  async #shrink(): Promise<void> {
    await this.#mutex.run('', async () => {
      let isLess = false;
      const oldest = () =>
        [...this.#all]
          .flatMap(([key, { contents }]) =>
            Object.entries(contents).map(([digest, { used_ms }]) => ({ key, digest, used_ms: this.#lastUse(key, digest, used_ms) })),
          )
          .sort((a, b) => a.used_ms - b.used_ms);
      for (const { key, digest } of this.bytes > this.#options.bytes_max ? oldest() : []) {
        if (this.bytes <= this.#options.bytes_max || !isDigest(digest)) break;
        await this.#drop(key, digest);
        isLess = true;
      }
      if (isLess) await this.#options.images.collect();
    });
  }

  #lastUse(key: string, digest: string, recorded_ms: number): number {
    return this.#used.get(`${key} ${digest}`) ?? recorded_ms;
  }

  async #drop(key: string, digest: Digest): Promise<void> {
    await this.#change(key, ({ tags, contents }) => ({
      tags: Object.fromEntries(Object.entries(tags).filter(([, tag]) => tag.digest !== digest)),
      contents: Object.fromEntries(Object.entries(contents).filter(([other]) => other !== digest)),
    }));
    this.#used.delete(`${key} ${digest}`);
    await this.#options.images.release(`${OWNER}${key}`, digest);
  }

  #change(key: string, change: (now: CachedRepository) => CachedRepository): Promise<void> {
    return this.#mutex.run(`/${key}`, async () => {
      const { tags, contents } = change(this.find(key));
      const used = Object.entries(contents).map(([digest, content]) => [digest, { ...content, used_ms: this.#lastUse(key, digest, content.used_ms) }]);
      // A cast because the keys are those that were digests before.
      const after: CachedRepository = { tags, contents: Object.fromEntries(used) as CachedRepository['contents'] };
      const isEmpty = Object.keys(tags).length === 0 && used.length === 0;
      if (isEmpty) await this.#records.remove(key);
      else await this.#records.put(key, after);
      if (isEmpty) this.#all.delete(key);
      else this.#all.set(key, after);
    });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
