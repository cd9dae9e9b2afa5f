import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fromKernel } from '#network';
import { legacyDrops, listRuleset } from './foreign-rules.ts';
import { forwardDrops } from './forward-drops.ts';
import { namespaceOf, ownersOf, read, socketsOf } from './host-sockets.ts';
import { isLoopback, localAddresses, type SocketRow } from './sockets.ts';
import type { Listener, OwnContainer, OwnPorts, PortFacts, Target, WhyProtocol } from './types.ts';
import { bridgeOf, dormantOf, holderOf, type Inside, shownAs, waysTo } from './ways.ts';

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

interface House extends Inside {
  readonly sockets: readonly SocketRow[];
  readonly namespace: string;
}

/** Looks at all that a packet to the port meets, from the network namespace of this process. `own` is undefined where no daemon answers. */
export async function collectPort(port: number, protocol: WhyProtocol, own: OwnPorts | undefined): Promise<PortFacts> {
  const [ruleset, sockets, houses, forward, legacy] = await Promise.all([
    listRuleset(),
    socketsOf('self', protocol),
    own === undefined ? [] : lookInside(own, protocol),
    read('/proc/sys/net/ipv4/ip_forward'),
    legacyDrops(),
  ]);
  const here = sockets.filter((socket) => socket.port === port);
  const inodes = new Set([...here, ...houses.flatMap((house) => house.sockets)].map(({ inode }) => inode));
  const owners = await ownersOf(inodes);
  const named = ({ inode, address, port: bound }: SocketRow): Listener => ({ address, port: bound, ...owners.get(inode) });
  const bare = own === undefined ? [] : waysTo(port, protocol, own, fromKernel(ownPart(ruleset, own.table)));
  const ways = await Promise.all(
    bare.map(async (way) => ({ ...way, targets: own === undefined ? [] : await Promise.all(way.targets.map((target) => lookAt(target, own, houses, named))) })),
  );
  return {
    port,
    protocol,
    daemon: own?.pid,
    listeners: here.map(named),
    ways,
    dormant: own === undefined ? [] : dormantOf(port, protocol, own),
    unpublished: houses
      .filter((house) => house.sockets.some((socket) => socket.port === port && !isLoopback(socket.address)))
      .map(({ container }) => shownAs(container)),
    forwarding: forward.trim() === '1',
    forwardDrops: ruleset === undefined ? undefined : [...forwardDrops(ruleset, own?.table), ...legacy],
  };
}

/** The namespaces of the running containers but this process's own, each once. */
async function lookInside({ containers }: OwnPorts, protocol: WhyProtocol): Promise<readonly House[]> {
  const host = await namespaceOf('self');
  const live = containers.filter((container): container is OwnContainer & { readonly pid: number } => container.pid !== undefined);
  const houses = await Promise.all(
    live.map(async (container): Promise<House> => {
      const [namespace, sockets, trie] = await Promise.all([
        namespaceOf(container.pid),
        socketsOf(container.pid, protocol),
        read(`/proc/${container.pid}/net/fib_trie`),
      ]);
      return { container, namespace, sockets, addresses: localAddresses(trie) };
    }),
  );
  return houses.filter(
    ({ namespace }, index) => namespace !== host && namespace !== '' && houses.findIndex((other) => other.namespace === namespace) === index,
  );
}

async function lookAt(
  { address, port }: { readonly address: string; readonly port: number },
  own: OwnPorts,
  houses: readonly House[],
  named: (socket: SocketRow) => Listener,
): Promise<Target> {
  const container = holderOf(address, own, houses);
  const bridge = bridgeOf(address, own);
  const house = houses.find((one) => one.container === container);
  return {
    address,
    port,
    ...(bridge === undefined ? {} : { bridge: { name: bridge.name, internal: bridge.internal, state: await linkState(bridge.name) } }),
    ...(container === undefined ? {} : { container: shownAs(container) }),
    ...(house === undefined ? {} : { hasAddress: house.addresses.has(address), inside: house.sockets.map(named) }),
  };
}

/** By IFF_UP of the link's flags: its operational state tells whether anything is plugged in. */
async function linkState(name: string): Promise<'up' | 'down' | 'absent'> {
  const links = await read('/proc/self/net/dev');
  if (!links.includes(`${name}:`)) return 'absent';
  const { stdout } = await promisify(execFile)('ip', ['-o', 'link', 'show', 'dev', name], { env: { PATH: SYSTEM_PATH } });
  return /<[^>]*\bUP\b/.test(stdout) ? 'up' : 'down';
}

/** The items of the daemon's own table. */
function ownPart(ruleset: unknown, table: string): unknown {
  // A cast because the form is documented in libnftables-json(5): each item has one key, its kind.
  const items = (ruleset as { nftables?: readonly Readonly<Record<string, { family?: string; table?: string }>>[] } | undefined)?.nftables ?? [];
  return { nftables: items.filter((item) => Object.values(item).some((inner) => inner.family === 'inet' && inner.table === table)) };
}
