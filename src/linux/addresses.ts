import { isIP, isIPv4 } from 'node:net';
import { addressMalformed } from './errors.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** The bytes of an IPv4 or IPv6 address in network order. Errors: `ADDRESS_MALFORMED`. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (isIP(address) !== 6) throw addressMalformed(address);
  const [head = '', tail] = embeddedIpv4(address).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** A `sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)). */
export function socketAddress(address: string, port: number): Buffer {
  const bytes = addressBytes(address);
  const result = Buffer.alloc(bytes.length === 4 ? 16 : 28);
  result.writeUInt16LE(bytes.length === 4 ? AF_INET : AF_INET6, 0);
  result.writeUInt16BE(port, 2);
  bytes.copy(result, bytes.length === 4 ? 4 : 8);
  return result;
}

/** A `sockaddr_un`; the path takes at most 107 bytes (unix(7)). */
export function unixAddress(path: string): Buffer {
  const result = Buffer.alloc(110);
  result.writeUInt16LE(AF_UNIX, 0);
  result.write(path, 2);
  return result;
}

function embeddedIpv4(address: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!match) return address;
  const [, head = '', ...parts] = match;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
