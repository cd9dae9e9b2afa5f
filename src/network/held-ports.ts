import { closeSync } from 'node:fs';
import type { Clock, Logger } from '#kit';
import { type Linux, SystemCallError } from '#linux';
import { hostAddressUnknown, portInUse } from './errors.ts';
import { proxyTcp, proxyUdp } from './proxy.ts';
import { familyOf } from './ip.ts';
import { addressesOf, leadsTo, targetOf } from './published.ts';
import type { PublishedPort } from './types.ts';

/** Where the daemon stands. */
const OWN = '/proc/thread-self/ns/net';
const CHOOSE_ATTEMPTS_MAX = 10;
const NO_IPV6: readonly string[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'];

interface Held extends Disposable {
  readonly port: PublishedPort;
}

/**
 * The sockets that keep others off published ports. IPv4 sockets never accept: the kernel's rules lead packets elsewhere
 * before they arrive. IPv6 sockets are small proxies: to a container that has IPv4 only, and from ::1, which the kernel leads nowhere. A port on 0.0.0.0 is held, and answers, on :: too.
 */
export class HeldPorts implements Disposable {
  readonly #linux: Linux;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #held = new Map<string, Held>();

  constructor(parts: { readonly linux: Linux; readonly clock: Clock; readonly logger: Logger }) {
    this.#linux = parts.linux;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Holds the port, choosing one for port 0; answers the real one. Held already for the same owner: kept. Errors: `PORT_IN_USE`. */
  hold(port: PublishedPort): PublishedPort {
    if (port.hostPort !== 0) return this.#holdAll(port);
    for (let attempt = 1; ; attempt += 1) {
      const real = { ...port, hostPort: this.#freePort(port) };
      try {
        return this.#holdAll(real);
      } catch (error) {
        if (attempt === CHOOSE_ATTEMPTS_MAX) throw error;
      }
    }
  }

  release(port: PublishedPort): void {
    for (const address of addressesOf(port)) {
      const key = keyOf(port, address);
      const held = this.#held.get(key);
      if (held?.port.owner !== port.owner || !leadsTo(held.port, port)) continue;
      this.#held.delete(key);
      held[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    for (const held of this.#held.values()) held[Symbol.dispose]();
    this.#held.clear();
  }

  #holdAll(port: PublishedPort): PublishedPort {
    const mine: string[] = [];
    try {
      for (const address of addressesOf(port)) if (this.#holdOne(port, address)) mine.push(keyOf(port, address));
      return port;
    } catch (error) {
      for (const key of mine) {
        this.#held.get(key)?.[Symbol.dispose]();
        this.#held.delete(key);
      }
      throw error;
    }
  }

  /** True when a socket was opened for it. */
  #holdOne(port: PublishedPort, address: string): boolean {
    const key = keyOf(port, address);
    const before = this.#held.get(key);
    if (before && before.port.owner !== port.owner) throw portInUse(port.protocol, address, port.hostPort, before.port.owner);
    if (before && leadsTo(before.port, port)) return false;
    before?.[Symbol.dispose]();
    this.#held.delete(key);
    const fd = this.#open(port, address);
    if (fd === undefined) return false;
    const target = { address: targetOf(port, address), port: port.targetPort };
    if (familyOf(address) === 4) this.#held.set(key, { port, [Symbol.dispose]: () => closeSync(fd) });
    else {
      const proxy = port.protocol === 'udp' ? proxyUdp(fd, target, this.#clock, this.#logger) : proxyTcp(fd, target, this.#logger);
      this.#held.set(key, { port, [Symbol.dispose]: () => proxy[Symbol.dispose]() });
    }
    return true;
  }

  /** Undefined on a machine without IPv6, where IPv6 was only meant to come along. */
  #open({ protocol, hostAddress, hostPort }: PublishedPort, address: string): number | undefined {
    const { namespaces } = this.#linux;
    try {
      return protocol === 'udp' ? namespaces.bindUdp(OWN, address, hostPort) : namespaces.listenTcp(OWN, address, hostPort);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (address !== hostAddress && NO_IPV6.includes(error.errnoName)) return undefined;
      if (error.errnoName === 'EADDRINUSE') throw portInUse(protocol, address, hostPort);
      if (error.errnoName === 'EADDRNOTAVAIL') throw hostAddressUnknown(address, error);
      throw error;
    }
  }

  #freePort(port: PublishedPort): number {
    const fd = this.#open(port, port.hostAddress);
    if (fd === undefined) return 0;
    try {
      return this.#linux.namespaces.boundPort(fd);
    } finally {
      closeSync(fd);
    }
  }
}

function keyOf({ protocol, hostPort }: PublishedPort, address: string): string {
  return `${protocol} ${address} ${hostPort}`;
}
