export { createAddressPool } from './address-pool.ts';
export { addressToNumber, canonicalCidr, contains, nthAddress, nthSubnet, numberToAddress, overlaps, type ParsedCidr, parseCidr } from './cidr.ts';
export { macOf } from './names.ts';
export { createNetwork, type NetworkOptions } from './network.ts';
export { fromKernel } from './rules/kernel.ts';
export type { RuleSet } from './rules/rule-set.ts';
export type * from './types.ts';
