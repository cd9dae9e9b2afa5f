import { isIPv4, isIPv6 } from 'node:net';
import type { FieldErrors } from './field-errors.ts';

export type IpFamily = 'IPv4' | 'IPv6';
const BITS = { IPv4: 32, IPv6: 128 } as const;

/** An address or a range as read, however it was written. */
export interface Address {
  readonly family: IpFamily;
  /** As the number that its bits are. */
  readonly value: bigint;
  /** As Kubernetes writes it (RFC 5952). */
  readonly canonical: string;
  /** It was written with leading zeros, or as IPv4 inside IPv6. */
  readonly flaw?: 'zeros' | 'mapped';
}
export interface Range {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly bits: number;
  readonly canonical: string;
  readonly flaw?: 'zeros' | 'mapped' | 'host bits';
}

/** Reads an address as lenient readers do: leading zeros are skipped. Undefined where it is none. */
export function parseIp(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length === 4 && parts.every((part) => /^\d{1,}$/.test(part) && Number(part) <= 255)) {
    const plain = parts.map(Number).join('.');
    return { ...address4(plain), ...(plain === text ? {} : { flaw: 'zeros' }) };
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return { family: 'IPv6', value: value6(canonical), canonical };
  const low = (Number.parseInt(mapped[1] ?? '0', 16) * 65_536 + Number.parseInt(mapped[2] ?? '0', 16)) >>> 0;
  return { ...address4([24, 16, 8, 0].map((shift) => (low >>> shift) & 255).join('.')), flaw: 'mapped' };
}

function address4(text: string): Address {
  return { family: 'IPv4', value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), canonical: text };
}

function value6(canonical: string): bigint {
  const [head = '', tail] = canonical.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [words(head), words(tail ?? '')];
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return all.reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
}

/** Reads a range, with the same leniency. */
export function parseRange(text: string): Range | undefined {
  const slash = text.lastIndexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const width = address.flaw === 'mapped' ? 128 : BITS[address.family];
  if (Number(length) > width) return undefined;
  const bits = Math.max(0, Number(length) - (width - BITS[address.family]));
  const shift = BigInt(BITS[address.family] - bits);
  const first = (address.value >> shift) << shift;
  const flaw = address.flaw ?? (length !== String(Number(length)) ? 'zeros' : first === address.value ? undefined : 'host bits');
  const canonical = `${formatIp(first, address.family)}/${bits}`;
  return { family: address.family, first, bits, canonical, ...(flaw === undefined ? {} : { flaw }) };
}

export function formatIp(value: bigint, family: IpFamily): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const words = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 65_535n).toString(16));
  return new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1);
}

export const rangeHolds = (range: Range, family: IpFamily, value: bigint): boolean => {
  const shift = BigInt(BITS[range.family] - range.bits);
  return range.family === family && value >> shift === range.first >> shift;
};

const FLAWS = {
  address: { zeros: 'must not have leading 0s', mapped: 'must not be an IPv4-mapped IPv6 address' },
  range: {
    zeros: 'must not have leading 0s in IP or prefix length',
    mapped: 'must not have an IPv4-mapped IPv6 address',
    'host bits': 'must not have bits set beyond the prefix length',
  },
} as const;

/** An address of a field that once took sloppy ones; what stood there before (`kept`) is not looked at. Answers whether it is fine. */
export function checkIp(errors: FieldErrors, field: string, text: string, kept: readonly string[] = []): boolean {
  if (kept.includes(text)) return true;
  const address = parseIp(text);
  if (address === undefined) errors.invalid(field, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  else if (address.flaw !== undefined) errors.invalid(field, text, FLAWS.address[address.flaw]);
  return address !== undefined && address.flaw === undefined;
}

/** What is wrong with a text that must be an address in its one canonical form. */
export function canonicalIpProblem(text: string): string | undefined {
  const address = parseIp(text);
  if (address === undefined) return 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  if (address.flaw !== undefined) return FLAWS.address[address.flaw];
  return address.canonical === text ? undefined : `must be in canonical form ("${address.canonical}")`;
}

/** A range of a field that once took sloppy ones. Answers whether it is fine. */
export function checkRange(errors: FieldErrors, field: string, text: string, kept: readonly string[] = []): boolean {
  if (kept.includes(text)) return true;
  const range = parseRange(text);
  if (range === undefined) errors.invalid(field, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
  else if (range.flaw !== undefined) errors.invalid(field, text, FLAWS.range[range.flaw]);
  return range !== undefined && range.flaw === undefined;
}

/** A range in its one canonical form. */
export function checkCanonicalRange(errors: FieldErrors, field: string, text: string): void {
  if (!checkRange(errors, field, text)) return;
  const canonical = parseRange(text)?.canonical;
  if (canonical !== text) errors.invalid(field, text, `must be in canonical form ("${canonical}")`);
}

/** An address at which something can be reached from elsewhere. */
export function checkEndpointIp(errors: FieldErrors, field: string, text: string): void {
  const address = parseIp(text);
  if (address === undefined) return errors.invalid(field, text, 'must be a valid IP address');
  const isIn = (ranges: readonly string[]) =>
    ranges.some((one) => {
      const range = parseRange(one);
      return range !== undefined && rangeHolds(range, address.family, address.value);
    });
  if (address.value === 0n) errors.invalid(field, text, `may not be unspecified (${text})`);
  if (isIn(['127.0.0.0/8', '::1/128'])) errors.invalid(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (isIn(['169.254.0.0/16', 'fe80::/10'])) errors.invalid(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (isIn(['224.0.0.0/24', 'ff02::/16'])) errors.invalid(field, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
}

export const isIp = (text: string): boolean => isIPv4(text) || parseIp(text) !== undefined;
