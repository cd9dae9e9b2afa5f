import { addressToNumber, canonicalCidr, contains, numberToAddress, parseCidr } from './cidr.ts';
import { addressInUse, addressOutsideSubnet, subnetFull } from './errors.ts';
import type { AddressPool, Cidr, IpAddress } from './types.ts';

/**
 * Addresses of `subnet`, less the network's, the broadcast, the gateway's and those `taken`. A released address is
 * handed out again only after all others were, so that late packets meet nobody. Errors: `ADDRESS_OUTSIDE_SUBNET`.
 */
export function createAddressPool(options: { readonly subnet: Cidr; readonly gateway: IpAddress; readonly taken: Iterable<IpAddress> }): AddressPool {
  const { subnet, gateway } = options;
  const { network, size, prefixLength } = parseCidr(subnet);
  if (!contains(subnet, gateway)) throw addressOutsideSubnet(gateway, canonicalCidr(subnet));
  const [first, last] = size <= 2 ? [network, network + size - 1] : [network + 1, network + size - 2];
  const used = new Set([addressToNumber(gateway), ...[...options.taken].map(addressToNumber)]);
  let cursor = first;
  const next = () => {
    for (let tried = 0; tried <= last - first; tried += 1) {
      const candidate = cursor;
      cursor = cursor === last ? first : cursor + 1;
      if (!used.has(candidate)) return candidate;
    }
    throw subnetFull(canonicalCidr(subnet));
  };
  return {
    gateway,
    prefixLength,
    take(wanted) {
      const value = wanted === undefined ? next() : addressToNumber(wanted);
      if (value < first || value > last) throw addressOutsideSubnet(numberToAddress(value), canonicalCidr(subnet));
      if (used.has(value)) throw addressInUse(numberToAddress(value));
      used.add(value);
      return numberToAddress(value);
    },
    release(address) {
      if (address !== gateway) used.delete(addressToNumber(address));
    },
  };
}
