import { constants, createDeflate, createInflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';

/** Names in lower case; values that stood several times are joined as they came. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** The two halves of one connection's header compression: each keeps its state over all header blocks (SPDY/3.1, section 2.6.10). */
export interface HeaderCodec extends Disposable {
  encode(headers: SpdyHeaders): Promise<Buffer>;
  /** Rejects when the block can't be inflated or is cut short. */
  decode(block: Uint8Array): Promise<SpdyHeaders>;
}

type Compressor = ReturnType<typeof createInflate> | ReturnType<typeof createDeflate>;

export function createHeaderCodec(): HeaderCodec {
  const dictionary = headerDictionary();
  const inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  return {
    async encode(headers) {
      return await pump(deflate, pack(headers));
    },
    async decode(block) {
      return unpack(await pump(inflate, block));
    },
    [Symbol.dispose]() {
      inflate.destroy();
      deflate.destroy();
    },
  };
}

/** Everything that comes out of the (de)compressor for this piece of input. */
function pump(stream: Compressor, input: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.write(input, (error) => {
      stream.off('error', reject);
      // What a byte stream without encoding hands out is a Buffer.
      const output = stream.read() as Buffer | null;
      if (error) reject(error);
      else resolve(output ?? Buffer.alloc(0));
    });
  });
}

function pack(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const parts: Buffer[] = [uint32(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name, value]) {
      const bytes = Buffer.from(text, 'utf8');
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function unpack(block: Buffer): SpdyHeaders {
  let offset = 0;
  const number = () => {
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    offset += length;
    if (offset > block.length) throw new RangeError(`Cannot read SPDY headers: a text of ${length} bytes is cut short`);
    return block.toString('utf8', offset - length, offset);
  };
  const headers: Record<string, string> = {};
  for (let left = number(); left > 0; left--) {
    const name = text();
    headers[name.toLowerCase()] = text();
  }
  return headers;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
