import { BlockList, isIP } from 'node:net';

/** Whether a registry (`host`, `host:port`) is one of them. Pure. */
export function isInsecure(insecure: readonly string[], host: string): boolean {
  const bare = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return insecure.some((entry) => (entry.includes('/') ? inNetwork(entry, bare) : entry.includes(':') ? entry === host : entry === host || entry === bare));
}

function inNetwork(entry: string, address: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(address) !== family) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
