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

/** Whether the address is in the subnet. */
export function contains(subnet: Cidr, address: IpAddress): boolean {
  const { network, size } = parseCidr(subnet);
  const value = addressToNumber(address);
  return value >= network && value < network + size;
}

/** The nth address of the subnet; 0 is the network's own. Errors: `ADDRESS_OUTSIDE_SUBNET` is left to the caller: a RangeError here. */
export function nthAddress(subnet: Cidr, n: number): IpAddress {
  const { network, size } = parseCidr(subnet);
  if (n < 0 || n >= size) throw new RangeError(`subnet ${subnet} has ${size} addresses and none with number ${n}`);
  return numberToAddress(network + n);
}

/** The subnet in its plain form, without host bits. */
export function canonicalCidr(subnet: Cidr): Cidr {
  const { network, prefixLength } = parseCidr(subnet);
  return `${numberToAddress(network)}/${prefixLength}`;
}

/** Whether two subnets share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  const [one, two] = [parseCidr(a), parseCidr(b)];
  return one.network < two.network + two.size && two.network < one.network + one.size;
}

/** The nth subnet of length `prefixLength` inside a larger one: a node's part of the Pods' network. */
export function nthSubnet(subnet: Cidr, prefixLength: number, n: number): Cidr {
  const { network, size } = parseCidr(subnet);
  const step = 2 ** (32 - prefixLength);
  if (n < 0 || (n + 1) * step > size) throw new RangeError(`subnet ${subnet} has no /${prefixLength} with number ${n}`);
  return `${numberToAddress(network + n * step)}/${prefixLength}`;
}
