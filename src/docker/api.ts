import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GantryError, messageOf, nodeHttp } from '#kit';
import { EventLog } from './event-log.ts';
import { BODY_LIMIT_BYTES, bodyTooLarge, Call, sendError, type Upgraded } from './http.ts';
import { type Listening, type ListenPlace, listenAt } from './listen.ts';
import type { DockerApiOptions, Rooms } from './options.ts';
import { createRouter, type Router } from './router.ts';
import { API_VERSION, versionOf } from './versions.ts';

export interface DockerApi {
  /** For a `node:http` server's `request` event. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** For its `upgrade` event: attach and exec. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Serves there too. A socket file that nobody listens on is replaced; the caller makes sure that nobody does. */
  listen(place: ListenPlace): Promise<Server>;
  /** Stops listening and cuts what is open. */
  stop(): Promise<void>;
}

/** The Docker Engine API: translation to engine, image and build, nothing else. */
export function createDockerApi(options: DockerApiOptions): DockerApi {
  let ownSocket: string | undefined;
  const rooms: Rooms = { ...options, events: new EventLog(options), startedAt_ms: options.clock.now(), ownSocket: () => ownSocket };
  const router = createRouter();
  const places = new Set<Listening>();
  const handler: DockerApi['handler'] = (request, response) => void serve(rooms, router, request, response);
  const upgrade: DockerApi['upgrade'] = (request, socket, head) => void serveUpgrade(rooms, router, request, socket, head);
  return {
    handler,
    upgrade,
    async listen(place) {
      const listening = await listenAt(place, { handler, upgrade }, options.logger);
      if (place.kind === 'unix') ownSocket ??= place.path;
      places.add(listening);
      return listening.server;
    },
    async stop() {
      rooms.events[Symbol.dispose]();
      await Promise.all([...places].map((place) => place[Symbol.asyncDispose]()));
      places.clear();
    },
  };
}

async function serve(rooms: Rooms, router: Router, request: IncomingMessage, response: ServerResponse, upgraded?: Upgraded): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new GantryError('CLIENT_GONE', 499, 'the client went away'));
  });
  setCommonHeaders(rooms, response);
  try {
    const { path, minor, query } = parseAddress(request.url ?? '/');
    const { handler, parameters } = router(request.method ?? 'GET', path);
    const call = new Call({ request, response, query, parameters, minor, signal: gone.signal, ...(upgraded === undefined ? {} : { upgraded }) });
    await handler(call, rooms);
  } catch (error) {
    logFailure(rooms, request, error, gone.signal.aborted);
    sendError(response, error);
  }
  // What a refused request still sends must not hold the connection.
  if (!upgraded && !request.readableEnded) request.resume();
}

/** An upgraded connection has left the HTTP parser: the body, if any, is the beginning of the stream. */
async function serveUpgrade(rooms: Rooms, router: Router, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', (error) => rooms.logger.debug('an upgraded connection failed', { reason: messageOf(error) }));
  const response = new (nodeHttp().ServerResponse)(request);
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.end());
  // A hijacked connection is the socket's; only an error is answered through the response.
  socket.once('close', () => response.destroy());
  try {
    const length = Number(request.headers['content-length'] ?? 0);
    const isTooLong = length > BODY_LIMIT_BYTES;
    const body = isTooLong ? Buffer.alloc(0) : await takeBytes(socket, head, length);
    if (socket instanceof Socket) response.assignSocket(socket);
    if (isTooLong) sendError(response, bodyTooLarge());
    else await serve(rooms, router, request, response, { socket, body });
  } catch (error) {
    rooms.logger.debug('an upgraded request was cut', { reason: messageOf(error) });
    socket.destroy();
  }
}

async function takeBytes(socket: Duplex, head: Buffer, length: number): Promise<Buffer> {
  let bytes = head;
  if (bytes.length < length) {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      bytes = Buffer.concat([bytes, chunk as Buffer]); // sockets without an encoding give buffers
      if (bytes.length >= length) break;
    }
  }
  if (bytes.length > length) socket.unshift(bytes.subarray(length));
  return bytes.subarray(0, length);
}

function setCommonHeaders(rooms: Rooms, response: ServerResponse): void {
  response.setHeader('Api-Version', API_VERSION);
  response.setHeader('Docker-Experimental', 'false');
  response.setHeader('Ostype', 'linux');
  // Clients read the operating system out of this header's Docker form.
  response.setHeader('Server', `Docker/${rooms.info.version} (linux)`);
}

function parseAddress(url: string): { path: string; minor: number; query: URLSearchParams } {
  const [rawPath = '/', rawQuery = ''] = url.split(/\?(.*)/s, 2);
  const { minor, rest } = versionOf(rawPath);
  return { path: rest, minor, query: new URLSearchParams(rawQuery) };
}

function logFailure(rooms: Rooms, request: IncomingMessage, error: unknown, clientGone: boolean): void {
  const fields = { method: request.method, url: request.url, error };
  if (clientGone || (error instanceof GantryError && (error.status !== 500 || error.code === 'BUILD_STEP_FAILED')))
    rooms.logger.debug('a Docker request was refused', fields);
  else rooms.logger.warn('a Docker request failed', fields);
}
