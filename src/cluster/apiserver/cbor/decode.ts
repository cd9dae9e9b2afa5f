import { isUtf8 } from 'node:buffer';
import { INFO, MAJOR, SIMPLE, TAG } from './heads.ts';

/** Deeper than any object is. */
const DEPTH_MAX = 1000;

export interface DecodedCbor {
  readonly value: unknown;
  /** Paths of fields that stand twice in a map; the last one counts. */
  readonly repeated: readonly string[];
}

/**
 * One item of CBOR (RFC 8949) as the value of JSON that Kubernetes takes it for: texts may be byte strings, bytes that are tagged as
 * base64 become that text. Errors: SyntaxError for what is cut off, ill-formed, no value of JSON, or nested too deep.
 */
export function decodeCbor(bytes: Buffer): DecodedCbor {
  const reader = new Reader(bytes);
  const value = reader.item('', 0);
  if (!reader.isAtEnd) throw new SyntaxError(`there are bytes behind the item, at ${reader.at}`);
  return { value, repeated: reader.repeated };
}

const BREAK = Symbol('break');

class Reader {
  readonly repeated: string[] = [];
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  item(path: string, depth: number): unknown {
    const value = this.#itemOrBreak(path, depth);
    if (value === BREAK) throw new SyntaxError(`there is nothing to end at ${this.at - 1}`);
    return value;
  }

  #itemOrBreak(path: string, depth: number): unknown {
    if (depth > DEPTH_MAX) throw new SyntaxError(`exceeded max depth: objects and lists may stand ${DEPTH_MAX} deep in each other`);
    const first = this.#take(1)[0] ?? 0;
    const [major, info] = [first >> 5, first & 0x1f];
    switch (major) {
      case MAJOR.unsigned:
        return this.#number(info);
      case MAJOR.negative:
        return -1 - this.#number(info);
      case MAJOR.bytes:
      case MAJOR.text:
        return this.#utf8(this.#string(major, info));
      case MAJOR.list:
        return this.#list(info, path, depth);
      case MAJOR.map:
        return this.#map(info, path, depth);
      case MAJOR.tag:
        return this.#tagged(this.#number(info), path, depth);
      default:
        return this.#simple(info);
    }
  }

  #list(info: number, path: string, depth: number): unknown[] {
    const count = this.#count(info);
    const items: unknown[] = [];
    while (items.length < count) {
      const item = this.#itemOrBreak(`${path}[${items.length}]`, depth + 1);
      if (item !== BREAK) items.push(item);
      else if (count === Number.POSITIVE_INFINITY) break;
      else throw new SyntaxError(`a list ends before its last item, at ${this.at}`);
    }
    return items;
  }

  #map(info: number, path: string, depth: number): Record<string, unknown> {
    const count = this.#count(info);
    const entries = new Map<string, unknown>();
    for (let index = 0; index < count; index++) {
      const name = this.#itemOrBreak(path, depth + 1);
      if (name === BREAK && count === Number.POSITIVE_INFINITY) break;
      if (typeof name !== 'string') throw new SyntaxError(`a field's name is no text, at ${this.at}`);
      const here = path === '' ? name : `${path}.${name}`;
      if (entries.has(name)) this.repeated.push(here);
      entries.set(name, this.item(here, depth + 1));
    }
    return Object.fromEntries(entries);
  }

  /** What the tag says counts for bytes that are to be text; of others the content alone does. */
  #tagged(tag: number, path: string, depth: number): unknown {
    if (tag === TAG.bignum || tag === TAG.negativeBignum) throw new SyntaxError('numbers of more than 64 bits are not read');
    const first = this.#bytes[this.at] ?? 0;
    const encoding = tag === TAG.base64 ? 'base64' : tag === TAG.base64url ? 'base64url' : tag === TAG.base16 ? 'hex' : undefined;
    if (encoding === undefined || first >> 5 !== MAJOR.bytes) return this.item(path, depth + 1);
    this.at += 1;
    return this.#string(MAJOR.bytes, first & 0x1f).toString(encoding);
  }

  #simple(info: number): unknown {
    switch (info) {
      case SIMPLE.false:
        return false;
      case SIMPLE.true:
        return true;
      case SIMPLE.null:
        return null;
      case SIMPLE.float16:
        return finite(halfOf(this.#take(2).readUInt16BE()));
      case SIMPLE.float32:
        return finite(this.#take(4).readFloatBE());
      case SIMPLE.float64:
        return finite(this.#take(8).readDoubleBE());
      case SIMPLE.break:
        return BREAK;
      default:
        throw new SyntaxError(`the simple value ${info} is none of JSON, at ${this.at}`);
    }
  }

  /** Of a string in pieces each is one of the same type. */
  #string(major: number, info: number): Buffer {
    if (info !== INFO.indefinite) return this.#take(this.#number(info));
    const pieces: Buffer[] = [];
    for (;;) {
      const first = this.#take(1)[0] ?? 0;
      if (first === 0xff) return Buffer.concat(pieces);
      if (first >> 5 !== major || (first & 0x1f) === INFO.indefinite) throw new SyntaxError(`a piece of a string is none, at ${this.at}`);
      pieces.push(this.#take(this.#number(first & 0x1f)));
    }
  }

  #utf8(bytes: Buffer): string {
    if (!isUtf8(bytes)) throw new SyntaxError(`a text is not UTF-8, before ${this.at}`);
    return bytes.toString('utf8');
  }

  /** Endless where the end is marked; each item takes at least a byte, so that more than there are is an error at once. */
  #count(info: number): number {
    if (info === INFO.indefinite) return Number.POSITIVE_INFINITY;
    const count = this.#number(info);
    if (count > this.#bytes.length - this.at) throw new SyntaxError(`${count} items do not fit into what is left, at ${this.at}`);
    return count;
  }

  #number(info: number): number {
    if (info < INFO.oneByte) return info;
    switch (info) {
      case INFO.oneByte:
        return this.#take(1).readUInt8();
      case INFO.twoBytes:
        return this.#take(2).readUInt16BE();
      case INFO.fourBytes:
        return this.#take(4).readUInt32BE();
      case INFO.eightBytes: {
        const number = this.#take(8).readBigUInt64BE();
        if (number > 2n ** 63n - 1n) throw new SyntaxError(`the number ${number} has more than 63 bits, at ${this.at}`);
        return Number(number);
      }
      default:
        throw new SyntaxError(`a head is ill-formed, at ${this.at}`);
    }
  }

  #take(bytes: number): Buffer {
    const end = this.at + bytes;
    if (end > this.#bytes.length) throw new SyntaxError('unexpected end of CBOR');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new SyntaxError(`${value} is no number of JSON`);
  return value;
}

/** IEEE 754 binary16 (RFC 8949, appendix D). */
function halfOf(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25);
  return half & 0x8000 ? -size : size;
}
