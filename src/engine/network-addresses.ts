import { createHash } from 'node:crypto';
import {
  addressValue,
  canonicalCidr,
  type Cidr,
  contains,
  type Family,
  familyOf,
  type IpAddress,
  nthAddress,
  nthSubnet,
  overlaps,
  parsePrefix,
  type Prefix,
} from '#network';
import { invalid, subnetTaken, unsupported } from './errors.ts';

/** Subnets, ranges and gateways of networks, as they are asked for and as they are chosen. Pure. */

/** Addresses of one family, as the user gave them. */
export interface PoolSpec {
  readonly subnet?: Cidr;
  readonly gateway?: IpAddress;
  /** Where addresses are chosen from. */
  readonly range?: Cidr;
  /** Names of what has an address already, and the address. */
  readonly auxiliary?: Readonly<Record<string, IpAddress>>;
}

/** A network that is cut into subnets of `size` bits. */
export interface AddressPools {
  readonly base: Cidr;
  readonly size: number;
}

/** Addresses of one family, whole. */
export interface Pool extends PoolSpec {
  readonly subnet: Cidr;
  readonly gateway: IpAddress;
}

const FAMILY_WORDS = { 4: 'IPv4', 6: 'IPv6' } as const;
/** Where IPv4 subnets are chosen from that nobody named. */
export const ADDRESS_POOLS: readonly AddressPools[] = [{ base: '10.89.0.0/16', size: 24 }];
const IPV6_LENGTH = 64;
/** Of a pool with more subnets than anybody has networks, the rest is not looked at. */
const SUBNETS_MAX = 4096;

/** What is wrong with them, in Docker's words, all at once. Errors: `ENGINE_INVALID`, `ENGINE_UNSUPPORTED`. */
export function checkPools(pools: readonly PoolSpec[]): void {
  for (const { auxiliary = {} } of pools)
    for (const name of ['DefaultGatewayIPv4', 'DefaultGatewayIPv6'])
      if (name in auxiliary) throw unsupported(`auxiliary address ${name}`, 'containers have the gateway of the network: give it with --gateway');
  const wrong = pools.flatMap(problemsOf);
  if (wrong.length > 0) throw invalid('network config', wrong.join('\n'));
}

function problemsOf({ subnet, gateway, range, auxiliary = {} }: PoolSpec): readonly string[] {
  if (subnet === undefined) {
    if (range !== undefined) return [`invalid ip-range ${range}: no subnet is given for it`];
    if (gateway !== undefined) return [`invalid gateway ${gateway}: no subnet is given for it`];
    return Object.keys(auxiliary).map((name) => `invalid auxiliary address ${name}: no subnet is given for it`);
  }
  const parent = prefixOrNot(subnet);
  if (parent === undefined) return [`invalid subnet ${subnet}: invalid CIDR block notation`];
  return [
    ...(parent.hasHostBits ? [`invalid subnet ${subnet}: it should be ${canonicalCidr(subnet)}`] : []),
    ...(range === undefined ? [] : rangeProblems(range, subnet, parent)),
    ...(gateway === undefined ? [] : addressProblems(`invalid gateway ${gateway}`, gateway, subnet, parent)),
    ...Object.entries(auxiliary).flatMap(([name, address]) => addressProblems(`invalid auxiliary address ${name}`, address, subnet, parent)),
  ];
}

function rangeProblems(range: Cidr, subnet: Cidr, parent: Prefix): readonly string[] {
  const start = `invalid ip-range ${range}`;
  const found = prefixOrNot(range);
  if (found === undefined) return [`${start}: invalid CIDR block notation`];
  if (found.family !== parent.family) return [`${start}: parent subnet is an ${FAMILY_WORDS[parent.family]} block`];
  return [
    ...(found.hasHostBits ? [`${start}: it should be ${canonicalCidr(range)}`] : []),
    ...(found.prefixLength < parent.prefixLength ? [`${start}: CIDR block is bigger than its parent subnet ${subnet}`] : []),
    ...(overlaps(range, subnet) ? [] : [`${start}: parent subnet ${subnet} doesn't contain ip-range`]),
  ];
}

function addressProblems(start: string, address: IpAddress, subnet: Cidr, parent: Prefix): readonly string[] {
  const family = familyOf(address);
  if (family === undefined) return [`${start}: invalid address`];
  if (family !== parent.family) return [`${start}: parent subnet is an ${FAMILY_WORDS[parent.family]} block`];
  return contains(subnet, address) ? [] : [`${start}: parent subnet ${subnet} doesn't contain this address`];
}

function prefixOrNot(text: string): Prefix | undefined {
  const [address = '', length = ''] = text.split('/');
  const family = familyOf(address);
  return family !== undefined && /^\d+$/.test(length) && Number(length) <= (family === 4 ? 32 : 128) ? parsePrefix(text) : undefined;
}

/** What is in the way of a subnet. */
export interface UsedSubnet {
  readonly subnet: Cidr;
  readonly by: string;
}

export interface PoolChoice {
  readonly ipv6: boolean;
  /** Subnets that must not be chosen, and may not be asked for. */
  readonly used: readonly UsedSubnet[];
  /** Subnets that are reached already: not chosen, but may be asked for. */
  readonly routes: readonly Cidr[];
  /** Where IPv4 subnets are chosen from. */
  readonly addressPools: readonly AddressPools[];
  readonly daemonId: string;
}

/** A whole pool for each family of a network. Errors: `SUBNET_TAKEN`, `ENGINE_INVALID`, `ENGINE_UNSUPPORTED`. */
export function choosePools(specs: readonly PoolSpec[], choice: PoolChoice): { readonly ipv4: Pool; readonly ipv6?: Pool } {
  const of = (family: Family) => specs.filter(({ subnet }) => (subnet === undefined ? 4 : parsePrefix(subnet).family) === family);
  const [four, six] = [of(4), of(6)];
  if (four.length > 1 || six.length > 1) throw unsupported('more than one subnet of a family', 'a network has one of IPv4 and one of IPv6');
  if (six.length > 0 && !choice.ipv6)
    throw invalid('network config', `subnet ${six[0]?.subnet} is an IPv6 block, and the network is none of IPv6: give --ipv6 too`);
  const ipv4 = wholePool(four[0] ?? {}, 4, choice);
  return choice.ipv6 ? { ipv4, ipv6: wholePool(six[0] ?? {}, 6, choice) } : { ipv4 };
}

function wholePool(spec: PoolSpec, family: Family, choice: PoolChoice): Pool {
  const subnet = spec.subnet === undefined ? freeSubnet(family, choice) : canonicalCidr(spec.subnet);
  const other = choice.used.find((used) => overlaps(used.subnet, subnet));
  if (other) throw subnetTaken(subnet, other.by);
  return { ...spec, subnet, gateway: spec.gateway ?? freeGateway(subnet, spec) };
}

/** The first host's address that nobody has; of a range that is given, the range's first. */
function freeGateway(subnet: Cidr, { range, auxiliary = {} }: PoolSpec): IpAddress {
  const taken = new Set(Object.values(auxiliary).map(addressValue));
  const { first, last } = parsePrefix(range ?? subnet);
  const isWhole = range === undefined || first === parsePrefix(subnet).first;
  for (let n = isWhole && last > first ? 1 : 0; BigInt(n) <= last - first; n += 1) {
    const address = nthAddress(range ?? subnet, n);
    if (!taken.has(addressValue(address))) return address;
  }
  throw invalid('network config', `no address of ${range ?? subnet} is left for a gateway`);
}

function freeSubnet(family: Family, { used, routes, addressPools, daemonId }: PoolChoice): Cidr {
  const pools = family === 4 ? addressPools : [{ base: localPrefix(daemonId), size: IPV6_LENGTH }];
  const avoid = [...used.map(({ subnet }) => subnet), ...routes];
  for (const { base, size } of pools) {
    const count = Math.min(SUBNETS_MAX, 2 ** (size - parsePrefix(base).prefixLength));
    for (let index = 0; index < count; index += 1) {
      const candidate = nthSubnet(base, size, index);
      if (!avoid.some((subnet) => overlaps(subnet, candidate))) return candidate;
    }
  }
  throw subnetTaken(pools.map(({ base }) => base).join(', '), 'networks that are there already');
}

/** A prefix of the daemon's own among the unique local addresses (RFC 4193): two machines' hardly ever meet. */
export function localPrefix(daemonId: string): Cidr {
  const hex = createHash('sha256').update(`gantry ${daemonId}`).digest('hex').slice(0, 10);
  return canonicalCidr(`fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}::/48`);
}
