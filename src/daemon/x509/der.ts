/** DER (X.690): what a certificate is written in. Only what certificates need. */
import { Buffer } from 'node:buffer';

/** Tags of X.690, table 1; `context` is a tag of the structure it stands in. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
export const context = (number: number, constructed: boolean): number => (constructed ? 0xa0 : 0x80) + number;

/** One value: its tag, its length and its content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => element(TAG.sequence, ...items);

/** A whole number of a certificate: never negative, so a first bit that is set gets a zero byte before it. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return element(TAG.integer, (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short);
}

/** `1.2.840.10045.4.3.2`: two numbers in the first byte, then seven bits a byte. */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Bits, the first `unused` of the last byte's lower ones not counted. */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer => element(TAG.bitString, Buffer.of(unused), bytes);

/** RFC 5280, 4.1.2.5: two digits of the year before 2050, four from then on. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050 ? element(TAG.utcTime, Buffer.from(digits.slice(2))) : element(TAG.generalizedTime, Buffer.from(digits));
}

export interface Element {
  readonly tag: number;
  /** With its tag and length. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The values that stand one after the other in `bytes`, which must be well-formed. */
export function elements(bytes: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const more = short < 0x80 ? 0 : short - 0x80;
    const start = at + 2 + more;
    const end = start + (more === 0 ? short : bytes.readUIntBE(at + 2, more));
    found.push({ tag: bytes.readUInt8(at), whole: bytes.subarray(at, end), content: bytes.subarray(start, end) });
    at = end;
  }
  return found;
}

function lengthOf(count: number): Buffer {
  if (count < 0x80) return Buffer.of(count);
  const bytes = Buffer.from(count.toString(16).padStart(count > 0xffff ? 6 : count > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 + bytes.length), bytes]);
}

function base128(value: number): readonly number[] {
  const last = value & 0x7f;
  const higher: number[] = [];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) higher.unshift((rest & 0x7f) | 0x80);
  return [...higher, last];
}
