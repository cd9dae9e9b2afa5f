/** A row of /proc/net/tcp and its like. */
export interface SocketRow {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const LISTENING = '0A';
const UNCONNECTED = '07';
const ALL_ZERO = /^0+$/;

/** The sockets that wait, from the text of /proc/net/{tcp,udp}[6] (proc(5)): listening ones of TCP, unconnected ones of UDP. Pure. */
export function waitingSockets(text: string, protocol: 'tcp' | 'udp'): readonly SocketRow[] {
  const state = protocol === 'tcp' ? LISTENING : UNCONNECTED;
  return text.split('\n').flatMap((line) => {
    const [, local = '', remote = '', status, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (status !== state || !/^[0-9A-F]+$/.test(address) || !ALL_ZERO.test(remote.replace(':', ''))) return [];
    return [{ address: addressOf(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** The kernel prints each 32-bit word in the machine's byte order, which is little-endian on all that Gantry runs on. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => Number.parseInt(`${bytes[2 * index]}${bytes[2 * index + 1]}`, 16).toString(16));
  // The URL parser writes an IPv6 address in its shortest form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1).replace(/^::ffff:([0-9a-f]+):([0-9a-f]+)$/, mapped);
}

function mapped(_all: string, high: string, low: string): string {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

/** The addresses of a namespace, from the text of its /proc/net/fib_trie. Pure. */
export function localAddresses(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  let last = '';
  for (const line of text.split('\n')) {
    last = /\|-- (\S+)/.exec(line)?.[1] ?? last;
    if (/\/32 host LOCAL/.test(line)) found.add(last);
  }
  return found;
}

/** Whether a socket bound to `bound` gets what is sent to the IPv4 `address`. Pure. */
export function hears(bound: string, address: string): boolean {
  return bound === '0.0.0.0' || bound === '::' || bound === address;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
