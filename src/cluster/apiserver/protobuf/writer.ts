/** One field of a message: its number and what it holds; a list is written as the field again for each item. */
export type WireValue = string | boolean | number | Buffer | readonly WireValue[] | undefined;

/** A message of protocol buffers: fields by their numbers. What is undefined, or what proto3 takes for granted, is left out. */
export function writeMessage(fields: Readonly<Record<number, WireValue>>): Buffer {
  const pieces: Buffer[] = [];
  for (const [number, value] of Object.entries(fields)) writeField(Number(number), value, pieces);
  return Buffer.concat(pieces);
}

function writeField(number: number, value: WireValue, pieces: Buffer[]): void {
  if (value === undefined || value === '' || value === false) return;
  if (typeof value === 'boolean') pieces.push(varint(number << 3), varint(1));
  else if (typeof value === 'number')
    pieces.push(...(Number.isInteger(value) ? [varint(number << 3), varint(value)] : [varint((number << 3) | 1), double(value)]));
  else if (typeof value === 'string' || Buffer.isBuffer(value)) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    pieces.push(varint((number << 3) | 2), varint(bytes.length), bytes);
  } else for (const item of value) writeField(number, item, pieces);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left > 127 ? (left % 128) | 128 : left);
    if (left <= 127) return Buffer.from(bytes);
  }
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
