import { addressBytes, AF_INET, AF_INET6 } from './addresses.ts';
import type { Libc } from './libc.ts';
import { attribute, FLAG, uint32 } from './netlink.ts';
import { NETLINK_NETFILTER, RouteSocket } from './route-socket.ts';
import type { Connections, UdpFlows } from './types.ts';

const CONNTRACK_DELETE = (1 << 8) | 2;
const NESTED = 0x8000;
const UDP = 17;
/** Attributes of a tracked connection, of a tuple, of its addresses by family, and of its protocol. */
const TRACKED = { to: 1, answeredBy: 2, filter: 25 } as const;
const TUPLE = { addresses: 1, protocol: 2 } as const;
const ADDRESS = { to: { v4: 2, v6: 4 }, answeredBy: { v4: 1, v6: 3 } } as const;
const PROTOCOL_NUMBER = 1;
const PORT = { to: 3, answeredBy: 2 } as const;
/** Which parts of a tuple must be equal, as bits. */
const EQUAL = { protocol: 1 << 3, address: { to: 1 << 1, answeredBy: 1 << 0 }, port: { to: 1 << 5, answeredBy: 1 << 4 } } as const;

/** Tracked connections by ctnetlink. Kernels before 5.8 can't pick some out of all: there nothing is forgotten. */
export function createConnections(libc: Libc): Connections {
  return {
    async forget(flows) {
      if (flows.length === 0) return;
      using socket = new RouteSocket(libc, NETLINK_NETFILTER);
      const requests = flows.map((flow) => ({ words: 'Forgetting UDP flows', message: forgetMessage(flow) }));
      // There is none; or the kernel knows no filter and looks for the one connection that has just these parts.
      await socket.request(requests, ['ENOENT', 'EINVAL']);
    },
  };
}

/** `conntrack -D -p udp` with what the flows have in common. Pure. */
export function forgetMessage({ family, to, answeredBy }: UdpFlows): Buffer {
  const ip = family === 4 ? 'v4' : 'v6';
  const sides = [
    ...(to === undefined ? [] : [{ side: 'to' as const, ...to }]),
    ...(answeredBy === undefined ? [] : [{ side: 'answeredBy' as const, ...answeredBy }]),
  ];
  const tuples = sides.map(({ side, address, port }) => {
    const addresses = address === undefined ? [] : [attribute(TUPLE.addresses | NESTED, attribute(ADDRESS[side][ip], addressBytes(address)))];
    const numbers = Buffer.concat([attribute(PROTOCOL_NUMBER, Buffer.from([UDP])), attribute(PORT[side], Buffer.from([port >> 8, port & 0xff]))]);
    return attribute(TRACKED[side] | NESTED, Buffer.concat([...addresses, attribute(TUPLE.protocol | NESTED, numbers)]));
  });
  const equal = sides.map(({ side, address }) =>
    attribute(TRACKED[side], uint32(EQUAL.protocol | EQUAL.port[side] | (address === undefined ? 0 : EQUAL.address[side]))),
  );
  const start = Buffer.from([family === 4 ? AF_INET : AF_INET6, 0, 0, 0]);
  const body = Buffer.concat([start, ...tuples, attribute(TRACKED.filter | NESTED, Buffer.concat(equal))]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(CONNTRACK_DELETE, 4);
  header.writeUInt16LE(FLAG.request | FLAG.ack, 6);
  return Buffer.concat([header, body]);
}
