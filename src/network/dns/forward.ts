import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIP, isIPv6 } from 'node:net';
import { type Clock, isSystemError } from '#kit';
import { resolverSilent } from '../errors.ts';
import { frame, FrameReader } from './frames.ts';

const ROUNDS = 2;
const PATIENCE_MS = 2000;
const DNS_PORT = 53;

export type Transport = 'udp' | 'tcp';

/** Asks the machine's own resolvers, in the daemon's namespace. */
export interface Forwarder {
  /** The response to the query's bytes, as it came. Errors: `RESOLVER_SILENT`. */
  ask(query: Buffer, transport: Transport): Promise<Buffer>;
}

/**
 * Asks `servers`, or without any those that the file `resolvConf` names at that moment. `avoid` answers whether an address is served by this
 * daemon itself, which would be a circle.
 */
export function createForwarder(options: {
  readonly resolvConf: string;
  readonly servers?: readonly string[];
  readonly clock: Clock;
  readonly avoid: (address: string) => boolean;
}): Forwarder {
  const { clock } = options;
  return {
    async ask(query, transport) {
      const known = options.servers ?? parseNameServers(await readOrEmpty(options.resolvConf));
      const servers = known.filter((address) => !options.avoid(address));
      let last: unknown;
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const server of servers) {
          try {
            return await (transport === 'udp' ? askUdp(server, query, clock) : askTcp(server, query, clock));
          } catch (error) {
            last = error;
          }
        }
      }
      throw last ?? resolverSilent('a name');
    },
  };
}

/** The `nameserver` lines of resolv.conf(5), without scopes of interfaces. */
export function parseNameServers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+([^\s%#;]+)/gm)].map(([, address = '']) => address).filter((address) => isIP(address) !== 0);
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return '';
    throw error;
  }
}

function askUdp(server: string, query: Buffer, clock: Clock): Promise<Buffer> {
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  return patiently(
    clock,
    server,
    () => socket.close(),
    (resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (response, { port }) => {
        if (port === DNS_PORT && response.length >= 12 && response.readUInt16BE(0) === query.readUInt16BE(0)) resolve(response);
      });
      // A connected socket takes packets of that server only and hears that nobody listens there.
      // By the event, since a callback is called for a failure too.
      socket.once('connect', () => socket.send(query));
      socket.connect(DNS_PORT, server);
    },
  );
}

function askTcp(server: string, query: Buffer, clock: Clock): Promise<Buffer> {
  const socket = connect(DNS_PORT, server);
  return patiently(
    clock,
    server,
    () => socket.destroy(),
    (resolve, reject) => {
      const frames = new FrameReader(resolve);
      socket.on('error', reject);
      socket.on('end', () => reject(resolverSilent(`a name at ${server}`)));
      socket.on('data', (chunk) => frames.push(chunk));
      socket.write(frame(query));
    },
  );
}

async function patiently<T>(
  clock: Clock,
  server: string,
  close: () => void,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  using _timer = clock.setTimer(PATIENCE_MS, () => reject(resolverSilent(`a name at ${server}`)));
  try {
    start(resolve, reject);
    return await promise;
  } finally {
    close();
  }
}
