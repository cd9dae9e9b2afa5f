import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import type { Logger } from '#kit';

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Tells of each exit file that a monitor writes (inotify). */
export class Exits {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #onExit: (id: string) => void;
  #watcher: FSWatcher | undefined;

  constructor(options: { readonly folder: string; readonly logger: Logger; readonly onExit: (id: string) => void }) {
    this.#folder = options.folder;
    this.#logger = options.logger;
    this.#onExit = options.onExit;
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#watcher = watch(this.#folder, { persistent: false }, (_kind, name) => {
      if (name === null) void this.#all();
      else if (CONTAINER_ID.test(name)) this.#onExit(name);
    });
    this.#watcher.on('error', (error) => this.#logger.error('the watch on exit files failed', { error }));
  }

  async #all(): Promise<void> {
    for (const name of await readdir(this.#folder)) if (CONTAINER_ID.test(name)) this.#onExit(name);
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
