import { isIPv4 } from 'node:net';
import { addressInvalid, cidrMalformed } from './errors.ts';
import type { Cidr, IpAddress } from './types.ts';

/** An IPv4 network as numbers. */
export interface ParsedCidr {
  readonly network: number;
  readonly prefixLength: number;
  /** How many addresses it has, the network's own and the broadcast one included. */
  readonly size: number;
}

/** Errors: `CIDR_MALFORMED`. Host bits are dropped: `10.0.0.9/24` is `10.0.0.0/24`. */
export function parseCidr(text: Cidr): ParsedCidr {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(length) || Number(length) > 32) throw cidrMalformed(text);
  const prefixLength = Number(length);
  const size = 2 ** (32 - prefixLength);
  const value = addressToNumber(address);
  return { network: value - (value % size), prefixLength, size };
}

/** Errors: `ADDRESS_INVALID`. */
export function addressToNumber(address: IpAddress): number {
  if (!isIPv4(address)) throw addressInvalid(address);
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function numberToAddress(value: number): IpAddress {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
