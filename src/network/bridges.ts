import type { Linux } from '#linux';
import { parseCidr } from './cidr.ts';
import { addressOutsideSubnet, bridgeForeign, subnetOverlaps } from './errors.ts';
import { canonicalCidr, contains, overlaps, parsePrefix } from './ip.ts';
import { checkLinkName, digest } from './names.ts';
import type { BridgeSpec } from './types.ts';

const LINK_LOCAL = 'fe80::1/64';

/** Errors: a name, subnet or gateway that can't be, or a subnet that another bridge of this daemon has. */
export function checkBridge(spec: BridgeSpec, others: readonly BridgeSpec[]): void {
  checkLinkName(spec.name);
  parseCidr(spec.subnet);
  for (const { subnet, gateway } of [spec, ...(spec.ipv6 === undefined ? [] : [spec.ipv6])]) {
    if (!contains(subnet, gateway)) throw addressOutsideSubnet(gateway, canonicalCidr(subnet));
    for (const other of others)
      for (const rival of other.name === spec.name ? [] : [other.subnet, ...(other.ipv6 === undefined ? [] : [other.ipv6.subnet])])
        if (overlaps(rival, subnet)) throw subnetOverlaps(subnet, rival, other.name);
  }
}

/** The addresses that the bridge itself is to have, with their lengths. Pure. */
function addressesOf({ subnet, gateway, ipv6, withoutAddress }: BridgeSpec): readonly string[] {
  return [
    ...(withoutAddress ? [] : [`${gateway}/${parseCidr(subnet).prefixLength}`]),
    // Without a link-local address the machine could not ask for a neighbour on behalf of others (RFC 4861 section 7.2.2).
    ...(ipv6 === undefined ? [] : [`${ipv6.gateway}/${parsePrefix(ipv6.subnet).prefixLength}`, LINK_LOCAL]),
  ];
}

/** Makes the link as the specification says, or makes an older one of this daemon like it. Errors: `BRIDGE_FOREIGN`. */
export async function makeBridge(linux: Linux, alias: string, spec: BridgeSpec): Promise<void> {
  const { name } = spec;
  // A fixed MAC address: else it would follow that of the lowest port, and neighbours would lose the gateway.
  const hex = digest(alias, name).slice(0, 10);
  const macAddress = `02:${hex.match(/../g)?.join(':')}`;
  const addresses = addressesOf(spec);
  const made = await linux.links.addBridge({ name, alias, macAddress, addresses, ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }) });
  if (!made) await adjustBridge(linux, { alias, macAddress }, spec, addresses);
  // What a container advertises is not for the machine.
  if (spec.ipv6 !== undefined) linux.namespaces.setSysctl('/proc/thread-self/ns/net', `net/ipv6/conf/${name}/accept_ra`, '0');
  // Connections from 127.0.0.1 to published ports leave by the bridge.
  linux.namespaces.setSysctl('/proc/thread-self/ns/net', `net/ipv4/conf/${name}/route_localnet`, '1');
}

/** Ours are known by their alias; one that was half made before a crash by its MAC address. */
async function adjustBridge(
  linux: Linux,
  ours: { readonly alias: string; readonly macAddress: string },
  { name, mtu }: BridgeSpec,
  wanted: readonly string[],
): Promise<void> {
  const link = (await linux.links.show('addr')).find(({ ifname }) => ifname === name);
  if (link === undefined || (link.ifalias !== ours.alias && link.address !== ours.macAddress)) throw bridgeForeign(name);
  const addresses = Array.isArray(link.addr_info) ? link.addr_info : [];
  const present = addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const lines = present.filter((address) => !wanted.includes(address)).map((address) => `addr del ${address} dev ${name}`);
  if (link.ifalias !== ours.alias) lines.push(`link set dev ${name} alias ${ours.alias}`);
  const missing = wanted.filter((address) => !present.includes(address));
  lines.push(...missing.map((address) => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`));
  if (mtu !== undefined && link.mtu !== mtu) lines.push(`link set dev ${name} mtu ${mtu}`);
  if (!Array.isArray(link.flags) || !link.flags.includes('UP')) lines.push(`link set dev ${name} up`);
  await linux.links.batch(lines);
}
