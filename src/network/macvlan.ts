import { CommandError, type Linux } from '#linux';
import { linkKindAbsent, linkUnknown, parentNameInvalid } from './errors.ts';
import { digest } from './names.ts';
import type { MacvlanParent, MacvlanSpec } from './types.ts';

export interface VlanParent {
  readonly link: string;
  readonly id: number;
}

/** `eth0.50` as the link and the VLAN's number; undefined where the name is not of that form. Pure. */
export function vlanParent(name: string): VlanParent | undefined {
  const [, link = '', id = ''] = /^(.+)\.(\d{1,4})$/.exec(name) ?? [];
  return link !== '' && Number(id) >= 1 && Number(id) <= 4094 ? { link, id: Number(id) } : undefined;
}

/** The other end of a link of Gantry's own, which only keeps its carrier up. */
const otherEnd = (name: string) => `gq${digest(name)}`;

/** Makes sure of the parent: true when it was made now. Errors: `LINK_UNKNOWN`, `LINK_KIND_ABSENT`, `PARENT_INVALID`. */
export async function makeParent({ links }: Pick<Linux, 'links'>, alias: string, { name, own = false }: MacvlanParent): Promise<boolean> {
  const present = new Set((await links.show('link')).map(({ ifname }) => ifname));
  if (present.has(name)) return false;
  if (own) {
    await links.batch([
      `link add ${name} type veth peer name ${otherEnd(name)}`,
      ...[name, otherEnd(name)].flatMap((each) => [`link set dev ${each} alias ${alias}`, `link set dev ${each} addrgenmode none up`]),
    ]);
    return true;
  }
  const vlan = vlanParent(name);
  if (vlan === undefined) throw name.includes('.') ? parentNameInvalid(name) : linkUnknown(name);
  if (!present.has(vlan.link)) throw linkUnknown(vlan.link);
  await withKind(name, 'vlan (802.1Q, module 8021q)', () => links.batch([`link add link ${vlan.link} name ${name} type vlan id ${vlan.id}`]));
  await links.batch([`link set dev ${name} alias ${alias}`, `link set dev ${name} up`]);
  return true;
}

/** Removes the parent where it bears the alias, which only what was made for it does. */
export async function unmakeParent({ links }: Pick<Linux, 'links'>, alias: string, name: string): Promise<void> {
  if ((await links.show('link')).some(({ ifname, ifalias }) => ifname === name && ifalias === alias)) await links.remove(name);
}

/** Makes the end and sets it up; nothing is left of one that could not be made. Errors: `LINK_KIND_ABSENT`, `COMMAND_FAILED`. */
export async function attachMacvlan({ links }: Pick<Linux, 'links'>, spec: MacvlanSpec): Promise<void> {
  const { namespace, parent, mode, interfaceName, macAddress, mtu, ipv6 } = spec;
  const temporary = `gv${digest(namespace, interfaceName)}`;
  const size = mtu === undefined ? '' : ` mtu ${mtu}`;
  // A passthru end has the parent's own address.
  const mac = mode === 'passthru' ? '' : ` address ${macAddress}`;
  const line = `link add link ${parent.name} name ${temporary}${mac}${size} netns ${namespace} type macvlan mode ${mode}`;
  await withKind(temporary, 'macvlan', () => links.batch([line]));
  const lines = [
    `link set dev ${temporary} name ${interfaceName}`,
    ...(ipv6 === undefined ? [`link set dev ${interfaceName} addrgenmode none`] : []),
    `link set dev ${interfaceName} up`,
    `addr add ${spec.address}/${spec.prefixLength} dev ${interfaceName}`,
    ...(ipv6 === undefined ? [] : [`addr add ${ipv6.address}/${ipv6.prefixLength} dev ${interfaceName} nodad`]),
    ...routeLines({ ipv4: spec.gateway, ipv6: ipv6?.gateway }),
  ];
  try {
    await links.batch(lines, { namespace });
  } catch (error) {
    await links.batch(
      [temporary, interfaceName].map((name) => `link del dev ${name}`),
      { namespace, force: true },
    );
    throw error;
  }
}

/** Default routes in the words of `ip -batch`. Pure. */
export function routeLines({ ipv4, ipv6 }: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined }): readonly string[] {
  return [...(ipv4 === undefined ? [] : [`route replace default via ${ipv4}`]), ...(ipv6 === undefined ? [] : [`route replace default via ${ipv6}`])];
}

async function withKind(name: string, kind: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (error instanceof CommandError && /Unknown device type|Operation not supported/.test(error.message)) throw linkKindAbsent(name, kind, error);
    throw error;
  }
}
