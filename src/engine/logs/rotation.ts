import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError, type Logger } from '#kit';
import type { LogBounds } from './log-options.ts';
import type { LogSet } from './log-set.ts';

/** Of a log that grew while no daemon ran, what is more than so many times its bound goes. */
const OVERGROWN = 2;
/** conmon begins its log anew within milliseconds; a stopped one may never. */
const BEGIN_PATIENCE_MS = 2_000;

export interface RotationOptions {
  readonly set: LogSet;
  readonly bounds: LogBounds;
  /** Tells the writer to begin a new file. False when there is no writer any more. */
  readonly reopen: () => Promise<boolean>;
  readonly logger: Logger;
}

/** Keeps the log of a running container within its bounds, for as long as it is not disposed of. */
export class LogRotation implements Disposable {
  readonly #options: RotationOptions;
  readonly #watcher: FSWatcher;
  readonly #over = new AbortController();
  #isLooking = true;
  #isWanted = false;

  constructor(options: RotationOptions) {
    this.#options = options;
    const { set } = options;
    this.#watcher = watch(dirname(set.path), { persistent: false }, (_kind, name) => {
      if (name === null || set.has(name)) this.#look();
    });
    this.#watcher.on('error', (error) => this.#failed(error));
    void this.#mend()
      .then(() => this.#shorten())
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#isLooking = false;
        this.#look();
      });
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#watcher.close();
  }

  /** One look at a time; a change that comes meanwhile asks for another one. */
  #look(): void {
    this.#isWanted = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#lookAll()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => (this.#isLooking = false));
  }

  async #lookAll(): Promise<void> {
    const { set, bounds } = this.#options;
    while (this.#isWanted && !this.#over.signal.aborted) {
      this.#isWanted = false;
      const size = await sizeOf(set.path);
      if (size !== undefined && size >= bounds.bytes) await set.rotate(bounds.files, async () => void (await this.#begin()));
    }
  }

  /** A daemon that was cut off in the middle of a rotation left the writer without its file's name. */
  async #mend(): Promise<void> {
    const { set } = this.#options;
    if ((await sizeOf(set.path)) !== undefined) return;
    // It may have been told already: were it told twice, its second new file would take the first one's place.
    if (!(await this.#isThere())) await this.#begin();
  }

  /** Nobody kept the log within its bounds while no daemon ran. */
  async #shorten(): Promise<void> {
    const { set, bounds } = this.#options;
    if (((await sizeOf(set.path)) ?? 0) <= bounds.bytes * OVERGROWN) return;
    let hasBegun = false;
    await set.rotate(bounds.files, async () => {
      hasBegun = await this.#begin();
    });
    if (hasBegun && bounds.files > 1) await set.cut((bounds.files - 1) * bounds.bytes);
  }

  /** False when the writer writes on into the file it has. */
  async #begin(): Promise<boolean> {
    const there = this.#isThere();
    if (!(await this.#options.reopen())) return false;
    const isThere = await there;
    if (!isThere && !this.#over.signal.aborted)
      this.#options.logger.warn('a monitor does not begin a new log file: it writes on into the old one', { path: this.#options.set.path });
    return isThere;
  }

  /** Resolves when the written file is there again; with false when it does not come. */
  #isThere(): Promise<boolean> {
    const { path } = this.#options.set;
    return new Promise((resolve) => {
      const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(BEGIN_PATIENCE_MS)]);
      const watcher = watch(dirname(path), { persistent: false });
      const settle = (found: boolean) => {
        watcher.close();
        resolve(found);
      };
      const check = () =>
        void sizeOf(path).then(
          (size) => size !== undefined && settle(true),
          () => settle(false),
        );
      watcher.on('change', check).on('error', () => settle(false));
      signal.addEventListener('abort', () => settle(false), { once: true });
      check();
    });
  }

  #failed(error: unknown): void {
    if (!this.#over.signal.aborted) this.#options.logger.error('cannot keep a log within its bounds', { path: this.#options.set.path, error });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
