import type { Linux } from '#linux';
import { canonicalCidr, contains, overlaps, parseCidr } from './cidr.ts';
import { addressOutsideSubnet, bridgeForeign, subnetOverlaps } from './errors.ts';
import { checkLinkName, digest } from './names.ts';
import type { BridgeSpec } from './types.ts';

/** Errors: a name, subnet or gateway that can't be, or a subnet that another bridge of this daemon has. */
export function checkBridge(spec: BridgeSpec, others: readonly BridgeSpec[]): void {
  checkLinkName(spec.name);
  parseCidr(spec.subnet);
  if (!contains(spec.subnet, spec.gateway)) throw addressOutsideSubnet(spec.gateway, canonicalCidr(spec.subnet));
  const rival = others.find((other) => other.name !== spec.name && overlaps(other.subnet, spec.subnet));
  if (rival) throw subnetOverlaps(spec.subnet, rival.subnet, rival.name);
}

/** Makes the link as the specification says, or makes an older one of this daemon like it. Errors: `BRIDGE_FOREIGN`. */
export async function makeBridge(linux: Linux, alias: string, spec: BridgeSpec): Promise<void> {
  const { name, gateway } = spec;
  const { prefixLength } = parseCidr(spec.subnet);
  // A fixed MAC address: else it would follow that of the lowest port, and neighbours would lose the gateway.
  const hex = digest(alias, name).slice(0, 10);
  const macAddress = `02:${hex.match(/../g)?.join(':')}`;
  const made = await linux.links.addBridge({ name, alias, macAddress, address: gateway, prefixLength, ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }) });
  if (!made) await adjustBridge(linux, { alias, macAddress }, spec, `${gateway}/${prefixLength}`);
  // Connections from 127.0.0.1 to published ports leave by the bridge.
  linux.namespaces.setSysctl('/proc/thread-self/ns/net', `net/ipv4/conf/${name}/route_localnet`, '1');
}

/** Ours are known by their alias; one that was half made before a crash by its MAC address. */
async function adjustBridge(
  linux: Linux,
  ours: { readonly alias: string; readonly macAddress: string },
  { name, mtu }: BridgeSpec,
  wanted: string,
): Promise<void> {
  const link = (await linux.links.show('addr')).find(({ ifname }) => ifname === name);
  if (link === undefined || (link.ifalias !== ours.alias && link.address !== ours.macAddress)) throw bridgeForeign(name);
  const addresses = Array.isArray(link.addr_info) ? link.addr_info : [];
  const present = addresses.filter(({ family }) => family === 'inet').map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const lines = present.filter((address) => address !== wanted).map((address) => `addr del ${address} dev ${name}`);
  if (link.ifalias !== ours.alias) lines.push(`link set dev ${name} alias ${ours.alias}`);
  if (!present.includes(wanted)) lines.push(`addr add ${wanted} dev ${name}`);
  if (mtu !== undefined && link.mtu !== mtu) lines.push(`link set dev ${name} mtu ${mtu}`);
  if (!Array.isArray(link.flags) || !link.flags.includes('UP')) lines.push(`link set dev ${name} up`);
  await linux.links.batch(lines);
}
