import { chmod, chown, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ListenOptions, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Logger, messageOf, nodeHttp } from '#kit';

/** Where the API is served. */
export type ListenPlace =
  /** Mode 0660, of that group when one is given. */
  | { readonly kind: 'unix'; readonly path: string; readonly group?: number }
  /** In plain HTTP without `tls`. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: ServerTls };
/** PEM, each. With an authority, clients must show a certificate that it signed. */
export interface ServerTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly authority?: Buffer;
}
export interface Handlers {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}
/** A place that is served; disposing of it stops listening and cuts what is open. */
export interface Listening extends AsyncDisposable {
  readonly server: NetServer;
}

// Transfers and attachments last as long as they last.
const SERVER_OPTIONS = { requestTimeout: 0, keepAliveTimeout: 60_000 } as const;

/** Serves there. A socket file that nobody listens on is replaced; the caller makes sure that nobody does. */
export async function listenAt(place: ListenPlace, handlers: Handlers, logger: Logger): Promise<Listening> {
  if (place.kind === 'unix') await rm(place.path, { force: true });
  const server = await makeServer(place, handlers, logger);
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await begin(server, place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port });
  if (place.kind === 'unix') {
    if (place.group !== undefined) await chown(place.path, 0, place.group);
    await chmod(place.path, 0o660);
  }
  return {
    server,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function makeServer(place: ListenPlace, { handler, upgrade }: Handlers, logger: Logger): Promise<Server> {
  if (place.kind === 'unix' || place.tls === undefined) return nodeHttp().createServer(SERVER_OPTIONS, handler).on('upgrade', upgrade);
  const { certificate, key, authority } = place.tls;
  const { createServer } = await import('node:https');
  const clients = authority === undefined ? {} : { ca: [authority], requestCert: true, rejectUnauthorized: true };
  // Clients half-close the streams that they take over; a plain server of HTTP is made to let them, one with TLS must be told.
  const server = createServer({ ...SERVER_OPTIONS, allowHalfOpen: true, cert: certificate, key, minVersion: 'TLSv1.2', ...clients }, handler).on(
    'upgrade',
    upgrade,
  );
  server.on('tlsClientError', (error) => logger.debug('a client of the Docker API was refused', { reason: messageOf(error) }));
  return server;
}

function begin(server: NetServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
