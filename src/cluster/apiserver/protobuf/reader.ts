/** One field of a message on the wire (protocol buffers, "Encoding"): its number and its value by wire type. */
export type WireField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly wire: 'bytes'; readonly value: Buffer }
  | { readonly number: number; readonly wire: 'fixed64'; readonly value: Buffer };

const WIRE = { varint: 0, fixed64: 1, bytes: 2 } as const;

/** The fields of a message in their order. Errors: RangeError where the bytes are cut short or of a wire type that nobody uses here. */
export function* readFields(bytes: Buffer): Generator<WireField> {
  let offset = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes.readUInt8(offset);
      offset += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, result);
    }
    throw new RangeError(`a number at byte ${offset} is longer than 10 bytes`);
  };
  const take = (length: number): Buffer => {
    if (length < 0 || offset + length > bytes.length) throw new RangeError(`a field of ${length} bytes at byte ${offset} is cut short`);
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    if ((tag & 7) === WIRE.varint) yield { number, wire: 'varint', value: varint() };
    else if ((tag & 7) === WIRE.bytes) yield { number, wire: 'bytes', value: take(Number(varint())) };
    else if ((tag & 7) === WIRE.fixed64) yield { number, wire: 'fixed64', value: take(8) };
    else throw new RangeError(`wire type ${tag & 7} at byte ${offset} is unknown`);
  }
}
