/** One field of a message on the wire (protocol buffers, "Encoding"); a number has no bytes, bytes have no number. */
export interface WireField {
  readonly number: number;
  readonly value: number;
  readonly bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * The fields of a message in their order. Numbers past 2^53 lose their last digits: only ids that etcd
 * chooses itself are so large, and nothing reads those.
 * Errors: RangeError where the bytes are cut short.
 */
export function* readFields(bytes: Buffer): Generator<WireField> {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes.readUInt8(offset++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) throw new RangeError(`a field of ${length} bytes at byte ${offset} is cut short`);
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === WIRE.varint) yield { number, value: varint(), bytes: NOTHING };
    else if (wire === WIRE.bytes) yield { number, value: 0, bytes: take(varint()) };
    else if (wire === WIRE.fixed64) take(8);
    else if (wire === WIRE.fixed32) take(4);
    else throw new RangeError(`wire type ${wire} at byte ${offset} is unknown`);
  }
}

/** Writes a message field by field. */
export class WireWriter {
  readonly #parts: Uint8Array[] = [];

  /** A whole number from 0 to 2^53; 0 is what a field is when it is left out. */
  number(field: number, value: number): this {
    return value === 0 ? this : this.chosen(field, value);
  }

  /** The same in a choice of fields (oneof), which counts as made only when it is on the wire, also as 0. */
  chosen(field: number, value: number): this {
    this.#parts.push(varint(field * 8 + WIRE.varint), varint(value));
    return this;
  }

  flag(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + WIRE.bytes), varint(value.length), value);
    return this;
  }

  message(field: number, inner: WireWriter): this {
    return this.bytes(field, inner.finish());
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
