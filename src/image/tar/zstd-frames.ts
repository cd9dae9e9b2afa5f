import { compressionDamaged } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Magic number and descriptor (RFC 8878, 3.1.1). */
const HEAD_BYTES = 5;
/** Magic number and size (RFC 8878, 3.1.2). */
const SKIPPABLE_HEAD_BYTES = 8;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const DATA_MAGIC = 0xfd2fb528;
const [SKIPPABLE_MAGIC, SKIPPABLE_MASK] = [0x184d2a50, 0xfffffff0];
/** A block whose content is one byte, repeated. */
const [RLE, RESERVED] = [1, 3];
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

/** Tells where a frame of zstd ends (RFC 8878, 3.1.1), without unpacking it: Node's own stream stops after the first frame and says nothing of what follows. */
class FrameWalk {
  /** The field that is being read. */
  readonly #field = Buffer.alloc(HEAD_BYTES);
  #have = 0;
  #wanted = HEAD_BYTES;
  #read: (field: Buffer) => void = (field) => this.#head(field);
  /** Bytes to pass over before the next field. */
  #skip = 0;
  #hasChecksum = false;
  #isLast = false;

  get isOver(): boolean {
    return this.#isLast && this.#skip === 0;
  }

  /** How many of these bytes belong to the frame. */
  take(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && !this.isOver) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const copied = bytes.copy(this.#field, this.#have, at, at + this.#wanted - this.#have);
      this.#have += copied;
      at += copied;
      if (this.#have < this.#wanted) break;
      this.#have = 0;
      this.#read(this.#field);
    }
    return at;
  }

  #head(field: Buffer): void {
    const descriptor = field[HEAD_BYTES - 1] ?? 0;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
    this.#hasChecksum = (descriptor & 4) !== 0;
    this.#skip = Number(!isSingleSegment) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes;
    this.#wanted = BLOCK_HEADER_BYTES;
    this.#read = (block) => this.#block(block.readUIntLE(0, BLOCK_HEADER_BYTES));
  }

  #block(header: number): void {
    const kind = (header >> 1) & 3;
    if (kind === RESERVED) throw compressionDamaged('zstd', 'it has a block of no known kind');
    this.#isLast = (header & 1) !== 0;
    this.#skip = (kind === RLE ? 1 : header >> 3) + (this.#isLast && this.#hasChecksum ? CHECKSUM_BYTES : 0);
  }
}

/** The compressed bytes of the next frame that has content; undefined at the end. Frames to be skipped are. Errors: `TAR_INVALID` where something else stands there. */
export async function nextFrame(source: ByteSource): Promise<AsyncGenerator<Buffer> | undefined> {
  for (;;) {
    const head = await source.peek(SKIPPABLE_HEAD_BYTES);
    if (head.length === 0) return undefined;
    const magic = head.length < 4 ? 0 : head.readUInt32LE();
    if (magic === DATA_MAGIC) return frameBytes(source);
    if ((magic & SKIPPABLE_MASK) >>> 0 !== SKIPPABLE_MAGIC) throw compressionDamaged('zstd', 'something follows its end that is no zstd');
    if (head.length < SKIPPABLE_HEAD_BYTES || (await source.skip(SKIPPABLE_HEAD_BYTES + head.readUInt32LE(4))) > 0) throw endsEarly();
  }
}

async function* frameBytes(source: ByteSource): AsyncGenerator<Buffer> {
  const walk = new FrameWalk();
  while (!walk.isOver) {
    const waiting = await source.peek();
    const piece = await source.some(walk.take(waiting));
    if (piece === undefined) throw endsEarly();
    yield piece;
  }
}

function endsEarly() {
  return compressionDamaged('zstd', 'it ends too soon');
}
