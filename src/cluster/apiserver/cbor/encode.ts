import { INFO, MAJOR, SELF_DESCRIBED, SIMPLE } from './heads.ts';

const FIRST_BYTES = 4096;

/**
 * A value of JSON as CBOR, with the self-described tag, as Kubernetes writes it: texts are byte strings. Fields that are undefined are left
 * out. What is bytes by its schema is base64 text here, and is read as that by whoever wants bytes.
 */
export function encodeCbor(value: unknown): Buffer {
  const writer = new Writer();
  writer.bytes(SELF_DESCRIBED);
  writer.value(value);
  return writer.done();
}

class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#head(MAJOR.simple, value ? SIMPLE.true : SIMPLE.false);
      case 'object':
        if (value === null) break;
        return Array.isArray(value) ? this.#list(value) : this.#map(value);
      default:
    }
    this.#head(MAJOR.simple, SIMPLE.null);
  }

  #text(text: string): void {
    const length = Buffer.byteLength(text);
    this.#head(MAJOR.bytes, length);
    this.#room(length);
    this.#at += this.#buffer.write(text, this.#at);
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) return value < 0 ? this.#head(MAJOR.negative, -1 - value) : this.#head(MAJOR.unsigned, value);
    if (!Number.isFinite(value)) throw new RangeError(`Cannot write ${value}: it is no number of JSON`);
    this.#room(9);
    this.#at = this.#buffer.writeUInt8((MAJOR.simple << 5) | SIMPLE.float64, this.#at);
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
  }

  #list(items: readonly unknown[]): void {
    this.#head(MAJOR.list, items.length);
    for (const item of items) this.value(item);
  }

  #map(object: object): void {
    const entries = Object.entries(object).filter(([, value]) => value !== undefined);
    this.#head(MAJOR.map, entries.length);
    for (const [name, value] of entries) {
      this.#text(name);
      this.value(value);
    }
  }

  /** A major type with its number, in as few bytes as it takes. */
  #head(major: number, number: number): void {
    this.#room(9);
    const first = major << 5;
    if (number < INFO.oneByte) this.#at = this.#buffer.writeUInt8(first | number, this.#at);
    else if (number < 2 ** 8) this.#at = this.#buffer.writeUInt16BE(((first | INFO.oneByte) << 8) | number, this.#at);
    else if (number < 2 ** 16) {
      this.#at = this.#buffer.writeUInt8(first | INFO.twoBytes, this.#at);
      this.#at = this.#buffer.writeUInt16BE(number, this.#at);
    } else if (number < 2 ** 32) {
      this.#at = this.#buffer.writeUInt8(first | INFO.fourBytes, this.#at);
      this.#at = this.#buffer.writeUInt32BE(number, this.#at);
    } else {
      this.#at = this.#buffer.writeUInt8(first | INFO.eightBytes, this.#at);
      this.#at = this.#buffer.writeBigUInt64BE(BigInt(number), this.#at);
    }
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
