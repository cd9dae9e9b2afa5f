import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Random } from '#kit';
import type { Engine } from '#engine';
import type { Image, ImageStore, Layer, Snapshots } from '#image';
import type { BuildCache } from './cache.ts';
import { buildCancelled } from './errors.ts';
import type { BuildListener, BuildRequest } from './types.ts';

export interface BuilderOptions {
  readonly engine: Engine;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  /** The builder's own folder is `build-cache` in it, and `build-context` for contexts being used. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What one build has in its hands; `close` gives everything back. */
export class BuildSession {
  readonly id: string;
  readonly options: BuilderOptions;
  readonly request: BuildRequest;
  readonly cache: BuildCache;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly output: BuildListener;
  readonly #undo: (() => Promise<void>)[] = [];
  #counter = 0;

  constructor(parts: {
    options: BuilderOptions;
    request: BuildRequest;
    cache: BuildCache;
    id: string;
    folder: string;
    signal: AbortSignal;
    output: BuildListener;
  }) {
    this.options = parts.options;
    this.request = parts.request;
    this.cache = parts.cache;
    this.id = parts.id;
    this.folder = parts.folder;
    this.signal = parts.signal;
    this.output = parts.output;
  }

  /** Answers a promise when the listener wants the speaker to wait. */
  say(text: string): void | Promise<void> {
    return this.output({ stream: text });
  }

  checkCancelled(): void {
    if (this.signal.aborted) throw buildCancelled();
  }

  nextName(): string {
    this.#counter += 1;
    return `build-${this.id}-${this.#counter}`;
  }

  onClose(undo: () => Promise<void>): void {
    this.#undo.push(undo);
  }

  /** Keeps an image until the build ends. The lease is noted in the build's folder first, so that the next start finds and releases it after a crash. */
  async hold(image: Image): Promise<void> {
    const lease = leaseName(this.id, (this.#counter += 1));
    await writeFile(join(this.folder, `lease-${this.#counter}`), '');
    this.onClose(() => this.options.images.release(lease));
    await this.options.images.lease(lease, image.id);
  }

  /** A writable view of `image`, mounted, for as long as `use` runs. */
  async withSnapshot<T>(image: Image, use: (root: string, key: string) => Promise<T>): Promise<T> {
    const { snapshots } = this.options;
    const key = this.nextName();
    try {
      await snapshots.prepare(key, image.id);
      return await use(await snapshots.mount(key), key);
    } finally {
      await snapshots.remove(key);
    }
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#undo.toReversed().map((undo) => undo()));
    for (const result of results)
      if (result.status === 'rejected') this.options.logger.warn('a build could not clean up', { build: this.id, error: result.reason });
  }
}

export function leaseName(build: string, number: number): string {
  return `build/${build}-${number}`;
}

/** The layers of an image as they were given to the store. */
export function layersOf(image: Image): readonly Layer[] {
  return image.manifest.layers.flatMap((blob, index) => {
    const diffId = image.config.rootfs.diff_ids[index];
    return diffId === undefined ? [] : [{ diffId, blob }];
  });
}
