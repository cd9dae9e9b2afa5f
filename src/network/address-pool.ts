import { addressInUse, addressOutsideSubnet, subnetFull } from './errors.ts';
import { addressValue, canonicalCidr, contains, familyOf, parsePrefix, valueAddress } from './ip.ts';
import type { AddressPool, Cidr, IpAddress } from './types.ts';

export interface AddressPoolOptions {
  readonly subnet: Cidr;
  readonly gateway: IpAddress;
  readonly taken: Iterable<IpAddress>;
  /** Where addresses are chosen from; what is asked for by name may be anywhere in the subnet. */
  readonly range?: Cidr;
  /** Addresses that others have: never given. */
  readonly reserved?: Iterable<IpAddress>;
}

/**
 * Addresses of `subnet`, less the network's, IPv4's broadcast, the gateway's, the reserved and the taken ones. A released address is
 * handed out again only after all others were, so that late packets meet nobody. Errors: `ADDRESS_OUTSIDE_SUBNET`.
 */
export function createAddressPool({ subnet, gateway, taken, range, reserved = [] }: AddressPoolOptions): AddressPool {
  const { family, prefixLength } = parsePrefix(subnet);
  if (!contains(subnet, gateway)) throw addressOutsideSubnet(gateway, canonicalCidr(subnet));
  const whole = hostsOf(subnet);
  const choice = range === undefined ? whole : hostsOf(range, whole);
  const fixed = new Set([gateway, ...reserved].map(addressValue));
  const used = new Set([...fixed, ...[...taken].map(addressValue)]);
  let cursor = choice.first;
  const next = () => {
    // No more than so many can be in the way.
    for (let tried = 0; tried <= used.size; tried += 1) {
      const candidate = cursor;
      cursor = cursor >= choice.last ? choice.first : cursor + 1n;
      if (!used.has(candidate)) return candidate;
    }
    throw subnetFull(canonicalCidr(range ?? subnet));
  };
  return {
    gateway,
    prefixLength,
    take(wanted) {
      if (wanted !== undefined && familyOf(wanted) !== family) throw addressOutsideSubnet(wanted, canonicalCidr(subnet));
      const value = wanted === undefined ? next() : addressValue(wanted);
      if (value < whole.first || value > whole.last) throw addressOutsideSubnet(valueAddress(value, family), canonicalCidr(subnet));
      if (used.has(value)) throw addressInUse(valueAddress(value, family));
      used.add(value);
      return valueAddress(value, family);
    },
    release(address) {
      const value = addressValue(address);
      if (!fixed.has(value)) used.delete(value);
    },
  };
}

interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** The addresses of a network that hosts may have, or of a part of it. */
function hostsOf(cidr: Cidr, bounds?: Span): Span {
  const { family, first, last } = parsePrefix(cidr);
  if (bounds !== undefined) return { first: first < bounds.first ? bounds.first : first, last: last > bounds.last ? bounds.last : last };
  if (last - first < 2n) return { first, last };
  return { first: first + 1n, last: family === 4 ? last - 1n : last };
}
