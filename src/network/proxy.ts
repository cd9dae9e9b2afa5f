import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Clock, Logger, Timer } from '#kit';
import type { IpAddress } from './types.ts';

/** Where a proxy leads to. */
export interface ProxyTarget {
  readonly address: IpAddress;
  readonly port: number;
}

/** How long a UDP client without packets is remembered. */
const UDP_IDLE_MS = 90_000;

/** Answers IPv6 clients of a published port, which the kernel's rules can't lead to an IPv4 address, nor those of ::1 anywhere. Adopts `fd`, a listening socket. */
export function proxyTcp(fd: number, target: ProxyTarget, logger: Logger): Disposable {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: target.address, port: target.port, allowHalfOpen: true });
    for (const socket of [client, upstream]) open.add(socket.once('close', () => open.delete(socket)));
    Promise.all([pipeline(client, upstream), pipeline(upstream, client)]).catch((error: unknown) => {
      logger.debug('a proxied connection ended early', { target, error });
      client.destroy();
      upstream.destroy();
    });
  });
  server.on('error', (error) => logger.warn('a proxy failed', { target, error }));
  server.listen({ fd });
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** The same for UDP: one socket towards the target for each client. */
export function proxyUdp(fd: number, target: ProxyTarget, clock: Clock, logger: Logger): Disposable {
  const clients = new Map<string, { readonly socket: UdpSocket; timer: Timer }>();
  const server = createSocket('udp6');
  server.on('error', (error) => logger.warn('a proxy failed', { target, error }));
  const forget = (key: string) => {
    const entry = clients.get(key);
    clients.delete(key);
    entry?.timer[Symbol.dispose]();
    entry?.socket.close();
  };
  const admit = (key: string, { address, port }: RemoteInfo) => {
    const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
    socket.on('message', (packet) => server.send(packet, port, address));
    socket.on('error', (error) => {
      logger.debug('a proxied UDP client failed', { target, error });
      forget(key);
    });
    const entry = { socket, timer: clock.setTimer(UDP_IDLE_MS, () => forget(key)) };
    clients.set(key, entry);
    return entry;
  };
  server.on('message', (packet, remote) => {
    const key = `${remote.address} ${remote.port}`;
    const entry = clients.get(key) ?? admit(key, remote);
    entry.timer[Symbol.dispose]();
    entry.timer = clock.setTimer(UDP_IDLE_MS, () => forget(key));
    entry.timer.unref();
    entry.socket.send(packet, target.port, target.address);
  });
  server.bind({ fd });
  return {
    [Symbol.dispose]() {
      for (const key of clients.keys()) forget(key);
      server.close();
    },
  };
}
