import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** What is read and written in one go: so much that the calls no longer count, so little that it is still in the processor's cache when it is sent. */
const PIECE_BYTES = 512 * 1024;
/** Those who read slowly keep theirs; whoever comes when so many are in use gets by with a small one. */
const BUFFERS_MAX = 64;
const SPARE_BYTES = 64 * 1024;

/**
 * Sends parts of files to sockets through buffers that are used again. A stream of a file makes a new one for each piece, and the kernel clears
 * every page of it first: that costs more than the copying. No buffer outlives the last transfer.
 */
export class FilePourer {
  readonly #free: Buffer[] = [];
  #inUse = 0;
  #running = 0;

  /** Writes the bytes from `start` to `end`, both inclusive, to `target`, which stays open. False when that was closed before the last one was taken. */
  async pour(path: string, { start, end }: { readonly start: number; readonly end: number }, target: Writable): Promise<boolean> {
    await using file = await open(path, 'r');
    this.#running += 1;
    try {
      for (let at = start; at <= end; ) {
        const count = await this.#piece(file, at, end + 1 - at, target);
        if (count === 0) return false;
        at += count;
      }
      return true;
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#free.length = 0;
    }
  }

  /** Answers the bytes that were taken: 0 when the target is closed. */
  async #piece(file: FileHandle, at: number, left: number, target: Writable): Promise<number> {
    if (target.destroyed) return 0;
    const buffer = this.#take(left);
    const { bytesRead } = await file.read(buffer, 0, Math.min(left, buffer.length), at);
    if (bytesRead === 0) throw new TypeError('a file became shorter while it was sent');
    const isTaken = await written(target, bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead));
    this.#giveBack(buffer, isTaken);
    return isTaken ? bytesRead : 0;
  }

  #take(left: number): Buffer {
    const isSmall = left <= SPARE_BYTES || this.#inUse >= BUFFERS_MAX;
    if (isSmall) return Buffer.allocUnsafe(Math.min(left, SPARE_BYTES));
    this.#inUse += 1;
    // The one that was used last is the likeliest to be in the cache.
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  #giveBack(buffer: Buffer, isTaken: boolean): void {
    if (buffer.length !== PIECE_BYTES) return;
    this.#inUse -= 1;
    // One whose socket was closed may still be named in a write that is being cancelled.
    if (isTaken) this.#free.push(buffer);
  }
}

/** Whether the target has handed the piece on; after that nothing reads it any more. */
function written(target: Writable, piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const closed = () => resolve(false);
    target.once('close', closed);
    target.write(piece, (error) => {
      target.off('close', closed);
      resolve(error === undefined || error === null);
    });
  });
}
