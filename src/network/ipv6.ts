import { existsSync, readFileSync } from 'node:fs';

const CONF = '/proc/sys/net/ipv6/conf';

/** Why there can be no IPv6 where the daemon stands, in words; undefined when there can. */
export function ipv6Absence(): string | undefined {
  if (!existsSync(CONF)) return "this machine's kernel has none";
  for (const name of ['all', 'default'])
    if (read(`${name}/disable_ipv6`) === '1') return `it is turned off on this machine (net.ipv6.conf.${name}.disable_ipv6 is 1)`;
  return undefined;
}

/**
 * The settings that IPv6 networks need, and their values. A machine that forwards no longer listens to router advertisements: links by which
 * it has routes that came so (`proto ra`, of `ip -6 route`) are told to go on.
 */
export function ipv6Settings(routes: readonly Readonly<Record<string, unknown>>[]): readonly { readonly name: string; readonly value: string }[] {
  const listening = new Set(routes.flatMap(({ protocol, dev }) => (protocol === 'ra' && typeof dev === 'string' ? [dev] : [])));
  return [
    ...[...listening].filter((link) => read(`${link}/accept_ra`) === '1').map((link) => ({ name: `net/ipv6/conf/${link}/accept_ra`, value: '2' })),
    { name: 'net/ipv6/conf/all/forwarding', value: '1' },
    ...(existsSync('/proc/sys/net/bridge/bridge-nf-call-ip6tables') ? [{ name: 'net/bridge/bridge-nf-call-ip6tables', value: '1' }] : []),
  ];
}

/** Empty where the link went away meanwhile. */
function read(name: string): string {
  const path = `${CONF}/${name}`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}
