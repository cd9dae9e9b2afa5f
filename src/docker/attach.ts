import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { LogLine } from '#kit';
import type { Container } from '#engine';
import { badRequest, conflict } from './errors.ts';
import { findContainer } from './find.ts';
import { joinStreams, type Wire } from './hijack.ts';
import type { Call } from './http.ts';
import { MULTIPLEXED_STREAM, pumpLines, RAW_STREAM } from './multiplex.ts';
import type { Rooms } from './options.ts';

interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** `POST /containers/{id}/attach`. */
export async function attachContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = attachable(call, rooms);
  const wanted = { stdin: call.flag('stdin') && (container.spec.openStdin ?? false), stdout: call.flag('stdout'), stderr: call.flag('stderr') };
  if (!call.flag('stream'))
    return attachLogsOnly(call, container.spec.terminal ?? false, call.flag('logs') ? selected(rooms, container, wanted, {}) : undefined);
  return join(call, rooms, container, wanted);
}

/** `GET /containers/{id}/attach/ws`: the same through a WebSocket, both outputs in one unframed stream. */
export async function attachWebSocket(call: Call, rooms: Rooms): Promise<void> {
  const container = attachable(call, rooms);
  // Until 1.41 the parameters were documented and not heeded.
  const asked = (name: string) => call.minor < 42 || call.flag(name);
  const wanted = { stdin: asked('stdin') && (container.spec.openStdin ?? false), stdout: asked('stdout'), stderr: asked('stderr') };
  const socket = await accept(call);
  const wire = await wireOf(socket, call.minor >= 28);
  if (call.minor < 42 || call.flag('stream')) return join(call, rooms, container, wanted, wire);
  if (call.flag('logs')) await pumpLines(selected(rooms, container, wanted, {}), wire.output, true);
  wire.output.end();
}

function attachable(call: Call, rooms: Rooms): Container {
  const container = findContainer(rooms, call.parameter('id'));
  if (container.state.status === 'paused') throw conflict(`container ${call.parameter('id')} is paused, unpause the container before attach`);
  return container;
}

async function join(call: Call, rooms: Rooms, container: Container, wanted: Wanted, wire?: Wire): Promise<void> {
  const terminal = container.spec.terminal ?? false;
  const onDetach = () => rooms.events.tellOf(container, 'detach');
  const byLog = call.flag('logs') && container.spec.log?.driver !== 'none';
  // What is written just now is in the log and on the live stream: of a container that runs, the log alone is followed.
  const followed = byLog && container.state.status === 'running';
  const live = followed ? { ...wanted, stdout: false, stderr: false } : wanted;
  const streams = await rooms.engine.containers.attach(container.id, live);
  const earlier = byLog ? { earlier: (left: AbortSignal) => selected(rooms, container, wanted, { follow: followed, signal: left }) } : {};
  return joinStreams(call, rooms, streams, {
    terminal,
    stdout: live.stdout,
    stderr: live.stderr,
    onDetach,
    endsWithLog: followed,
    ...earlier,
    ...(wire === undefined ? {} : { wire }),
  });
}

async function* selected(
  rooms: Rooms,
  container: Container,
  wanted: Wanted,
  query: { readonly follow?: boolean; readonly signal?: AbortSignal },
): AsyncIterable<LogLine> {
  for await (const line of rooms.engine.containers.logs(container.id, query)) if (wanted[line.stream]) yield line;
}

async function attachLogsOnly(call: Call, terminal: boolean, lines: AsyncIterable<LogLine> | undefined): Promise<void> {
  const socket = call.upgraded?.socket;
  const type = terminal || call.minor < 42 ? RAW_STREAM : MULTIPLEXED_STREAM;
  if (socket) socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
  else call.begin(type);
  const target = socket ?? call.response;
  if (lines) await pumpLines(lines, target, terminal);
  target.end();
}

/** Errors: 400 for a request that is no handshake of a WebSocket. */
async function accept(call: Call): Promise<WebSocket> {
  const { upgraded } = call;
  if (upgraded === undefined || call.header('upgrade')?.toLowerCase() !== 'websocket' || call.header('sec-websocket-key') === undefined)
    throw badRequest('attach/ws needs the handshake of a WebSocket (RFC 6455)');
  // Few attach this way: it is loaded when somebody does.
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ noServer: true });
  return await new Promise((resolve) => server.handleUpgrade(call.request, upgraded.socket, Buffer.alloc(0), resolve));
}

/** Frames were text until 1.27. */
async function wireOf(socket: WebSocket, binary: boolean): Promise<Wire> {
  const { createWebSocketStream } = await import('ws');
  const input = createWebSocketStream(socket);
  // What a client sends after it has gone, or a connection that breaks, is told by the end of the stream.
  input.on('error', () => input.destroy());
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => socket.send(chunk, { binary }, (error) => done(error ?? null)),
    final: (done) => {
      socket.close(1000);
      void once(socket, 'close').then(() => done(), done);
    },
  });
  output.on('error', () => socket.terminate());
  socket.once('close', () => output.destroy());
  return { input, output };
}
