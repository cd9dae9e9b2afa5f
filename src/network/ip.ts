import { isIPv4, isIPv6 } from 'node:net';
import { addressInvalid, cidrMalformed } from './errors.ts';
import type { Cidr, IpAddress } from './types.ts';

/** The addresses of IPv4 and IPv6 as numbers, and back. Pure. */

export type Family = 4 | 6;

/** A network of either family: its first and last address as numbers. */
export interface Prefix {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
  /** The text had bits behind its length. */
  readonly hasHostBits: boolean;
}

/** Undefined where the text is no address. */
export function familyOf(address: string): Family | undefined {
  if (isIPv4(address)) return 4;
  return isIPv6(address) && !address.includes('%') ? 6 : undefined;
}

/** Errors: `ADDRESS_INVALID`. */
export function addressValue(address: IpAddress): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  if (familyOf(address) !== 6) throw addressInvalid(address);
  const [head = '', tail] = plainGroups(address).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), tail === undefined ? [] : groups(tail)];
  const all = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. */
function plainGroups(address: string): string {
  const match = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (!match) return address;
  const value = addressValue(match[2] ?? '');
  return `${match[1] ?? ''}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** In the one form that is written: RFC 5952 for IPv6. */
export function valueAddress(value: bigint, family: Family): IpAddress {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16));
  const zeros = longestZeros(groups);
  if (zeros === undefined) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.end).join(':')}`;
}

function longestZeros(groups: readonly string[]): { readonly start: number; readonly end: number } | undefined {
  let best: { readonly start: number; readonly end: number } | undefined;
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === '0') end += 1;
    if (end - start >= 2 && (best === undefined || end - start > best.end - best.start)) best = { start, end };
  }
  return best;
}

/** Errors: `CIDR_MALFORMED`. */
export function parsePrefix(text: Cidr): Prefix {
  const [address = '', length = '', ...rest] = text.split('/');
  const family = familyOf(address);
  const bits = family === 4 ? 32 : 128;
  if (rest.length > 0 || family === undefined || !/^\d{1,3}$/.test(length) || Number(length) > bits) throw cidrMalformed(text);
  const prefixLength = Number(length);
  const size = 1n << BigInt(bits - prefixLength);
  const value = addressValue(address);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n, prefixLength, hasHostBits: first !== value };
}

/** The network in its plain form, without host bits. Errors: `CIDR_MALFORMED`. */
export function canonicalCidr(text: Cidr): Cidr {
  const { family, first, prefixLength } = parsePrefix(text);
  return `${valueAddress(first, family)}/${prefixLength}`;
}

/** Whether the address is in the network; one of the other family never is. */
export function contains(subnet: Cidr, address: IpAddress): boolean {
  const { family, first, last } = parsePrefix(subnet);
  if (familyOf(address) === undefined) throw addressInvalid(address);
  const value = addressValue(address);
  return familyOf(address) === family && value >= first && value <= last;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  const [one, two] = [parsePrefix(a), parsePrefix(b)];
  return one.family === two.family && one.first <= two.last && two.first <= one.last;
}

/** The nth address of the network; 0 is its own. A RangeError where there is none. */
export function nthAddress(subnet: Cidr, n: number): IpAddress {
  const { family, first, last } = parsePrefix(subnet);
  const value = first + BigInt(n);
  if (n < 0 || value > last) throw new RangeError(`subnet ${subnet} has ${last - first + 1n} addresses and none with number ${n}`);
  return valueAddress(value, family);
}

/** The nth network of length `prefixLength` inside a larger one. A RangeError where there is none. */
export function nthSubnet(subnet: Cidr, prefixLength: number, n: number): Cidr {
  const { family, first, last } = parsePrefix(subnet);
  const step = 1n << BigInt((family === 4 ? 32 : 128) - prefixLength);
  const start = first + BigInt(n) * step;
  if (n < 0 || start + step - 1n > last) throw new RangeError(`subnet ${subnet} has no /${prefixLength} with number ${n}`);
  return `${valueAddress(start, family)}/${prefixLength}`;
}
