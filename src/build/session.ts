import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Random } from '#kit';
import type { Engine } from '#engine';
import type { Image, ImageStore, Layer, Snapshots, TreeHashItem } from '#image';
import type { Material } from './attest/provenance.ts';
import type { CacheMounts } from './cache/mounts.ts';
import type { SharedWork } from './cache/shared-work.ts';
import type { BuildCache } from './cache/store.ts';
import type { KeptContext, KeptContexts } from './context/kept.ts';
import { buildCancelled } from './errors.ts';
import type { BuildListener, BuildRequest } from './types.ts';

export interface BuilderOptions {
  readonly engine: Engine;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  /** The builder's own folder is `build-cache` in it, `build-context` for contexts being used, and `build-context-kept` for those of builds that ended. */
  readonly dataDir: string;
  /** Where `git` and `tar` are looked for, as PATH has it. */
  readonly programPath?: string;
  /** What the cache may take; the least lately used goes first. 20 GiB when left out. */
  readonly cacheBytesMax?: number;
  /** Steps of one build that run at the same time. */
  readonly stepsMax?: number;
  /** Gantry's own, which provenance tells. */
  readonly version?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What all builds share. */
export interface BuilderRooms {
  readonly options: BuilderOptions;
  readonly cache: BuildCache;
  readonly mounts: CacheMounts;
  readonly contexts: KeptContexts;
  /** Contexts with names that came before their builds. */
  readonly sent: KeptContexts;
  /** Takes work that nobody waits for; a stop awaits it. */
  chores(chore: Promise<void>): void;
  /** Layers that some build is making, by their keys. */
  readonly making: SharedWork<MadeLayer>;
  /** Images that some build is putting together, by theirs. */
  readonly assembling: SharedWork<Image>;
}
export interface MadeLayer {
  /** None where the step changed nothing. */
  readonly layer: Layer | undefined;
  readonly key: string;
  readonly created_ms: number;
}

/** What one build has in its hands; `close` gives everything back. */
export class BuildSession {
  readonly id: string;
  readonly rooms: BuilderRooms;
  readonly options: BuilderOptions;
  readonly request: BuildRequest;
  readonly folder: string;
  /** Aborts when the client goes away, the daemon stops or a step fails. */
  readonly signal: AbortSignal;
  /** Aborts when the client goes away or the daemon stops. */
  readonly gone: AbortSignal;
  readonly output: BuildListener;
  /** How much the context was on its way in. */
  contextBytes = 0;
  /** Of the context's files, where they will be kept. */
  #hashes: { readonly root: string; readonly known: Map<string, string> } | undefined;
  /** What went into the build from elsewhere. */
  readonly materials: Material[] = [];
  readonly #undo: (() => Promise<void> | void)[] = [];
  #counter = 0;

  constructor(parts: {
    rooms: BuilderRooms;
    request: BuildRequest;
    id: string;
    folder: string;
    signal: AbortSignal;
    gone: AbortSignal;
    output: BuildListener;
  }) {
    this.rooms = parts.rooms;
    this.options = parts.rooms.options;
    this.request = parts.request;
    this.id = parts.id;
    this.folder = parts.folder;
    this.signal = parts.signal;
    this.gone = parts.gone;
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

  /** A new folder of this build's own; a step that it is mounted in may read it, whoever it runs as. */
  async newFolder(): Promise<string> {
    const path = join(this.folder, this.nextName());
    await mkdir(path, { mode: 0o755 });
    return path;
  }

  onClose(undo: () => Promise<void> | void): void {
    this.#undo.push(undo);
  }

  /** Leaves the context at `root` to the next build with the same, unless a step may have changed it through rights that it was given. */
  keepContext(context: KeptContext, root: string): void {
    if (this.request.allowInsecure) return;
    this.#hashes = { root, known: context.hashes };
    this.onClose(() => this.rooms.contexts.put(context, root));
  }

  /** The hash of files, remembered with the context where that is kept. */
  async hash(items: readonly TreeHashItem[], owners: boolean): Promise<string> {
    const { root, known } = this.#hashes ?? { root: '', known: undefined };
    const isInside = known !== undefined && items.every(({ path }) => path === root || path.startsWith(`${root}/`));
    const asked = JSON.stringify([items.map(({ path, ...how }) => [path.slice(root.length), how]), owners]);
    const remembered = isInside ? known.get(asked) : undefined;
    if (remembered !== undefined) return remembered;
    const { digest } = await this.options.images.trees.hash(items, { owners });
    if (isInside) known.set(asked, digest);
    return digest;
  }

  /** Keeps an image until the build ends. The lease is noted in the build's folder first, so that the next start finds and releases it after a crash. */
  async hold(image: Image): Promise<void> {
    const number = (this.#counter += 1);
    await writeFile(join(this.folder, `lease-${number}`), '');
    this.onClose(() => this.options.images.release(leaseName(this.id, number)));
    await this.options.images.lease(leaseName(this.id, number), image.id);
  }

  /** Keeps a cached result until the build ends. */
  holdCached(key: string): void {
    const used = this.rooms.cache.use(key);
    this.onClose(() => used[Symbol.dispose]());
  }

  /** A writable view of layers, mounted, for as long as `use` runs. */
  async withSnapshot<T>(layers: readonly Layer[], use: (root: string, key: string) => Promise<T>): Promise<T> {
    const { snapshots } = this.options;
    const key = this.nextName();
    try {
      await snapshots.prepareLayers(key, layers);
      return await use(await snapshots.mount(key), key);
    } finally {
      await snapshots.remove(key);
    }
  }

  /** The same until the build ends. */
  async openSnapshot(layers: readonly Layer[]): Promise<string> {
    const { snapshots } = this.options;
    const key = this.nextName();
    this.onClose(() => snapshots.remove(key));
    await snapshots.prepareLayers(key, layers);
    return await snapshots.mount(key);
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        this.options.logger.warn('a build could not clean up', { build: this.id, error });
      }
    }
  }
}

export function leaseName(build: string, number: number): string {
  return `build/${build}-${number}`;
}
