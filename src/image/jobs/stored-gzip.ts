import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';

/** Magic, deflate, no flags, no time, no extra flags, an unknown system (RFC 1952, 2.3). */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** The last block, empty (RFC 1951, 3.2.4). */
const END = Buffer.from([1, 0, 0, 0xff, 0xff]);
const [BLOCK_MAX, BLOCK_HEADER] = [0x8000, 5];

/** Makes a gzip stream that stores what it is given as it is: zlib takes ten times as long for the same. */
export class StoredGzip extends Transform {
  #crc = 0;
  #size = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#size === 0) this.push(HEADER);
    this.#crc = crc32(chunk, this.#crc);
    this.#size += chunk.length;
    done(null, blocksOf(chunk));
  }

  override _flush(done: TransformCallback): void {
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    done(null, Buffer.concat([...(this.#size === 0 ? [HEADER] : []), END, trailer]));
  }
}

function blocksOf(chunk: Buffer): Buffer {
  const count = Math.ceil(chunk.length / BLOCK_MAX);
  const blocks = Buffer.allocUnsafe(chunk.length + count * BLOCK_HEADER);
  let at = 0;
  for (let from = 0; from < chunk.length; from += BLOCK_MAX) {
    const length = Math.min(BLOCK_MAX, chunk.length - from);
    at = blocks.writeUInt8(0, at);
    at = blocks.writeUInt16LE(length, at);
    at = blocks.writeUInt16LE(length ^ 0xffff, at);
    at += chunk.copy(blocks, at, from, from + length);
  }
  return blocks;
}
