import { randomBytes } from 'node:crypto';

/** Randomness, passed in so that a test can replay a run from its seed. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** Lower-case hexadecimal text of `length` characters. */
  hex(length: number): string;
  /** A number in [0, 1). */
  fraction(): number;
}

/** The operating system's randomness. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  hex: (length) =>
    randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length),
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A word of lower-case letters and digits, as Kubernetes appends to generated names. */
export function randomWord(random: Random, length: number): string {
  return Array.from(random.bytes(length), (byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** A random UUID, version 4 (RFC 9562). */
export function randomUuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
