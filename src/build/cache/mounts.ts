import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, rename } from 'node:fs/promises';
import { type Clock, KeyedMutex, type Logger } from '#kit';
import { keyOf } from '../plan/keys.ts';
import type { BuildCache } from './store.ts';

export interface CacheMountRequest {
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Fills a new folder. */
  readonly seed?: (folder: string) => Promise<void>;
  /** Distinguishes what is seeded from different files. */
  readonly origin: string;
}

/** The folders of `RUN --mount=type=cache`, kept with the build cache. */
export class CacheMounts {
  readonly #cache: BuildCache;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #locks = new KeyedMutex();
  readonly #privateUsers = new Set<string>();

  constructor(options: { cache: BuildCache; clock: Clock; logger: Logger }) {
    this.#cache = options.cache;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Gives the folder to `use` by the rules of its sharing. */
  async with<T>(request: CacheMountRequest, use: (folder: string) => Promise<T>): Promise<T> {
    const key = this.#keyOf(request, 0);
    if (request.sharing === 'locked') return await this.#locks.run(`use ${key}`, () => this.#give(request, key, use));
    if (request.sharing === 'shared') return await this.#give(request, key, use);
    let number = 0;
    while (this.#privateUsers.has(this.#keyOf(request, number))) number += 1;
    const own = this.#keyOf(request, number);
    this.#privateUsers.add(own);
    try {
      return await this.#give(request, own, use);
    } finally {
      this.#privateUsers.delete(own);
    }
  }

  async #give<T>(request: CacheMountRequest, key: string, use: (folder: string) => Promise<T>): Promise<T> {
    using _used = this.#cache.use(key);
    const folder = await this.#locks.run(`make ${key}`, () => this.#folderOf(request, key));
    try {
      return await use(folder);
    } finally {
      await this.#measure(key, folder);
    }
  }

  async #folderOf(request: CacheMountRequest, key: string): Promise<string> {
    const folder = this.#cache.folderOf(key);
    if (await this.#cache.find(key, 'mount')) return folder;
    const aside = `${folder}.new`;
    await mkdir(aside, { recursive: true });
    await request.seed?.(aside);
    await chown(aside, request.uid, request.gid);
    await chmod(aside, request.mode);
    await rename(aside, folder);
    const entry = { what: `mount cache ${request.id}`, bytes: 0, created_ms: this.#clock.now() };
    await this.#cache.remember(key, entry, { kind: 'mount', id: request.id });
    return folder;
  }

  #keyOf({ id, origin }: CacheMountRequest, number: number): string {
    return keyOf(['cache mount', id, origin, number]);
  }

  /** A size that cannot be told stays what it was. */
  async #measure(key: string, folder: string): Promise<void> {
    try {
      await this.#cache.resize(key, await bytesIn(folder));
    } catch (error) {
      this.#logger.warn('cannot measure a cache mount', { folder, error });
    }
  }
}

/** What a folder takes on the disk; by a child, since there may be very many files. */
export async function bytesIn(folder: string): Promise<number> {
  const child = spawn('du', ['--summarize', '--block-size=1', '--', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()));
  const bytes = Number.parseInt(text, 10);
  if (Number.isNaN(bytes)) throw new Error('du did not tell a size');
  return bytes;
}
