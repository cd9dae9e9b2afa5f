/** SPDY/3.1, section 2.2: a data frame, or a control frame of some type. */
export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly flags: number; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

export const CONTROL = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
export const FLAG_FIN = 1;
const VERSION = 3;
const HEAD_BYTES = 8;
/** Far above what clients send; a longer frame is a broken or hostile peer. */
const FRAME_BYTES_MAX = 4 << 20;

/** Cuts frames out of bytes that come in pieces of any size. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  *push(bytes: Uint8Array): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const frame = this.#next();
      if (!frame) return;
      yield frame;
    }
  }

  #next(): Frame | undefined {
    const bytes = this.#pending;
    if (bytes.length < HEAD_BYTES) return undefined;
    const first = bytes.readUInt32BE(0);
    const second = bytes.readUInt32BE(4);
    const length = second & 0xffffff;
    if (length > FRAME_BYTES_MAX) throw new RangeError(`Cannot read SPDY frame: ${length} bytes are more than ${FRAME_BYTES_MAX}`);
    if (bytes.length < HEAD_BYTES + length) return undefined;
    const payload = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
    this.#pending = bytes.subarray(HEAD_BYTES + length);
    const flags = second >>> 24;
    if (first >>> 31 === 0) return { kind: 'data', streamId: first, flags, payload };
    const version = (first >>> 16) & 0x7fff;
    if (version !== VERSION) throw new RangeError(`Cannot read SPDY frame: version ${version}, supported is ${VERSION}`);
    return { kind: 'control', type: first & 0xffff, flags, payload };
  }
}

export function dataFrame(streamId: number, flags: number, payload: Uint8Array): Buffer {
  return frame(streamId, flags, payload);
}

export function controlFrame(type: number, flags: number, payload: Uint8Array): Buffer {
  return frame((0x80000000 | (VERSION << 16) | type) >>> 0, flags, payload);
}

/** The fixed part of many control payloads: 32-bit numbers one after the other. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

function frame(first: number, flags: number, payload: Uint8Array): Buffer {
  return Buffer.concat([numbers(first, ((flags << 24) | payload.length) >>> 0), payload]);
}
