import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#kit';
import { removeFolder } from '../remove-folder.ts';

const KEPT_MS = 10 * 60_000;

/** A small context on the disk, which the next build that sends the same bytes takes over. */
export interface KeptContext {
  /** Of what was sent, and of what was then left out. */
  readonly key: string;
  /** Hashes of files in it, by what was asked for. */
  readonly hashes: Map<string, string>;
}
interface Kept {
  readonly context: KeptContext;
  readonly path: string;
  readonly timer: Disposable;
}

/**
 * The last few small contexts, for some minutes: making a thousand files costs more than all else of a build that is cached, and many times so
 * where the file system looks for inodes that were not lately freed. One that is taken is its build's alone until it is put back; nobody
 * changes the files of a context.
 */
export class KeptContexts {
  readonly #folder: string;
  readonly #count_max: number;
  readonly #clock: Clock;
  readonly #chores: (chore: Promise<void>) => void;
  readonly #kept = new Map<string, Kept>();
  #counter = 0;

  /** They lie in `folder`, which is emptied at the start; `chores` takes removals that nobody waits for. */
  constructor(parts: { readonly folder: string; readonly count_max: number; readonly clock: Clock; readonly chores: (chore: Promise<void>) => void }) {
    this.#folder = parts.folder;
    this.#count_max = parts.count_max;
    this.#clock = parts.clock;
    this.#chores = parts.chores;
  }

  /** Moves the context of that key to `path`, where nothing or an empty folder is; undefined where there is none. */
  async take(key: string, path: string): Promise<KeptContext | undefined> {
    const kept = this.#forget(key);
    if (kept) await rename(kept.path, path);
    return kept?.context;
  }

  /** Takes over the folder `from`, in place of one of the same key. */
  async put(context: KeptContext, from: string): Promise<void> {
    const path = join(this.#folder, String((this.#counter += 1)));
    await rename(from, path);
    this.#chores(this.#drop(context.key));
    const timer = this.#clock.setTimer(KEPT_MS, () => this.#chores(this.#drop(context.key)));
    timer.unref();
    this.#kept.set(context.key, { context, path, timer });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > this.#count_max) this.#chores(this.#drop(oldest));
  }

  async clear(): Promise<void> {
    for (const key of [...this.#kept.keys()]) await this.#drop(key);
  }

  async #drop(key: string): Promise<void> {
    const kept = this.#forget(key);
    if (kept) await removeFolder(kept.path, { isLarge: true });
  }

  #forget(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    kept?.timer[Symbol.dispose]();
    this.#kept.delete(key);
    return kept;
  }
}
