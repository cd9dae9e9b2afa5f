import { EventEmitter, once } from 'node:events';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ContentStore, Digest } from '#image';

const PIECE_BYTES = 256 * 1024;

export interface FetchOptions {
  readonly digest: Digest;
  readonly size: number;
  /** A file of this fetch's own, on the store's file system: its bytes lie there for those who read along until it becomes the blob. */
  readonly spool: string;
  readonly content: ContentStore;
  /** The bytes from upstream, until the signal says that nobody wants them. */
  readonly source: (signal: AbortSignal) => Promise<Readable>;
  /** Called once the blob is whole and verified in the store. */
  readonly keep: () => Promise<void>;
}

/**
 * A blob on its way from an upstream into the store, read along by any number of clients, each at its own pace. It is fetched once;
 * the last one's leaving ends it. The last byte is held back until all are verified, so that nobody takes wrong ones for whole.
 */
export class Fetch {
  readonly #options: FetchOptions;
  readonly #end = new AbortController();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #done: Promise<void>;
  #file: FileHandle | undefined;
  #written_bytes = 0;
  #state: 'running' | 'whole' | 'failed' = 'running';
  #failure: unknown;
  #readers = 0;
  #isClosed = false;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Resolves when the fetch has ended, in whichever way. */
  get ended(): Promise<void> {
    return this.#done;
  }
  get size(): number {
    return this.#options.size;
  }
  /** Nobody may join any more. */
  get isOver(): boolean {
    return this.hasFailed || this.#isClosed;
  }
  get hasFailed(): boolean {
    return this.#state === 'failed' || this.#end.signal.aborted;
  }

  /** The blob's bytes from the first on, until the signal says that their reader left. Its errors are those of the fetch. */
  read(left: AbortSignal): Readable {
    this.#readers += 1;
    left.addEventListener('abort', () => this.#leave(), { once: true });
    return Readable.from(this.#pieces(left), { objectMode: false, highWaterMark: PIECE_BYTES });
  }

  /** Resolves when the first bytes are there. Errors: those of the fetch, when it ends without any. */
  async begun(left: AbortSignal): Promise<void> {
    while (this.#state === 'running' && this.#written_bytes === 0) await once(this.#changes, 'change', { signal: left });
    if (this.#state === 'failed') throw this.#failure;
  }

  /** Ends it, whoever reads. */
  async stop(): Promise<void> {
    this.#end.abort(new Error('the registry stops'));
    await this.#done;
  }

  #leave(): void {
    this.#readers -= 1;
    if (this.#readers > 0) return;
    if (this.#state === 'running') this.#end.abort(new Error('nobody waits for this blob any more'));
    else void this.#done.then(() => this.#letGo());
  }

  async #run(): Promise<void> {
    const { content, digest, size, source, keep, spool } = this.#options;
    try {
      this.#file = await open(spool, 'wx+', 0o600);
      await this.#receive(await source(this.#end.signal), this.#file);
      await content.take(spool, { digest, size });
      await keep();
      this.#state = 'whole';
    } catch (error) {
      this.#state = 'failed';
      this.#failure = error;
    }
    this.#changes.emit('change');
    if (this.#readers === 0) await this.#letGo();
  }

  /** Writes down what comes, seen by the readers on its way; of what is too much no more than shows that it is. */
  async #receive(stream: Readable, file: FileHandle): Promise<void> {
    for await (const piece of stream) {
      const chunk: Buffer = Buffer.from(piece);
      await file.writeFile(chunk);
      this.#written_bytes += chunk.length;
      this.#changes.emit('change');
      if (this.#written_bytes > this.#options.size) break;
    }
  }

  async *#pieces(left: AbortSignal): AsyncGenerator<Buffer> {
    let at = 0;
    while (at < this.#options.size) {
      const ready = this.#state === 'whole' ? this.#options.size : Math.min(this.#written_bytes, this.#options.size - 1);
      if (this.#state === 'failed') throw this.#failure;
      if (at >= ready || this.#file === undefined) {
        await once(this.#changes, 'change', { signal: left });
        continue;
      }
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(Math.min(PIECE_BYTES, ready - at)), 0, undefined, at);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** The open file is the blob by then, or nothing any more. */
  async #letGo(): Promise<void> {
    this.#isClosed = true;
    await this.#file?.close();
    await rm(this.#options.spool, { force: true });
  }
}
