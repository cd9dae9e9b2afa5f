export { createAddressPool } from './address-pool.ts';
export { addressToNumber, numberToAddress, type ParsedCidr, parseCidr } from './cidr.ts';
export { addressValue, canonicalCidr, contains, type Family, familyOf, nthAddress, nthSubnet, overlaps, parsePrefix, type Prefix, valueAddress } from './ip.ts';
export { macOf } from './names.ts';
export { createNetwork, type NetworkOptions } from './network.ts';
export { fromKernel } from './rules/kernel.ts';
export type { RuleSet } from './rules/rule-set.ts';
export type * from './types.ts';
