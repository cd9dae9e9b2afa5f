import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestLimits } from './limits.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** PEM of the authority of client certificates; none are accepted without it. */
  readonly clientCa?: string;
}
interface Handlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** One place where HTTPS is served. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Takes no more connections; resolves when the last one has ended. */
  close(): Promise<void>;
  /** Ends the connections by which nothing is asked. */
  closeIdle(): void;
  /** Ends every connection, also one that only begins. */
  destroy(): void;
}

const KEEP_ALIVE_MS = 90_000;
/** How often it is looked for heads of requests that do not come. */
const LOOK_EVERY_PART = 4;

/** Errors: those of listen(2). */
export async function listenAt(options: ListenOptions, { headersTimeout_ms }: RequestLimits, handlers: Handlers): Promise<Listener> {
  const { cert, key, clientCa } = options;
  const settings: ServerOptions = {
    cert,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: headersTimeout_ms,
    headersTimeout: headersTimeout_ms,
    // A proxied request's body comes as slowly as its client likes; how long others may take is the request's own deadline.
    requestTimeout: 0,
    connectionsCheckingInterval: headersTimeout_ms / LOOK_EVERY_PART,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server = createServer(settings);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', handlers.request);
  server.on('upgrade', handlers.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Bound to a host and port, not a path: the address is an object.
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
    closeIdle: () => server.closeIdleConnections(),
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
