import type { Readable, Writable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { messageOf, type ProcessStreams } from '#kit';
import type { SpdyHeaders } from '../spdy/index.ts';
import { CHANNEL, exitStatus, failureStatus } from './channels.ts';

const UNSENT_BYTES_MAX = 1 << 20;

/** Joins a process to a WebSocket of `v4.channel.k8s.io` or `v5.channel.k8s.io`; resolves when both have ended. */
export async function serveWebSocketProcess(socket: WebSocket, connect: () => Promise<ProcessStreams>): Promise<void> {
  // Messages that come before the process is there wait in the socket.
  socket.pause();
  let streams: ProcessStreams;
  try {
    streams = await connect();
  } catch (error) {
    socket.send(framed(CHANNEL.error, Buffer.from(JSON.stringify(failureStatus(messageOf(error))))));
    // A normal closure: clients take any other for a broken connection and tell that in place of the error.
    socket.close(1000);
    socket.resume();
    return;
  }
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      streams.detach();
      resolve();
    });
    socket.on('error', () => socket.terminate());
  });
  streams.stdin?.on('error', () => {});
  socket.on('message', (data: Buffer) => receive(data, streams, socket));
  socket.resume();
  // Settled, since a client that goes away cuts them off, maybe long before the process ends.
  const copied = Promise.allSettled([
    copyOut(streams.stdout, CHANNEL.stdout, socket),
    ...(streams.stderr ? [copyOut(streams.stderr, CHANNEL.stderr, socket)] : []),
  ]);
  const ended = streams.exited.then(async (code) => {
    await copied;
    return exitStatus(code);
  });
  const status = await Promise.race([ended.catch((error: unknown) => failureStatus(messageOf(error))), closed]);
  if (status) {
    socket.send(framed(CHANNEL.error, Buffer.from(JSON.stringify(status))));
    socket.close(1000);
  }
  await closed;
}

function receive(data: Buffer, streams: ProcessStreams, socket: WebSocket): void {
  const payload = data.subarray(1);
  switch (data[0]) {
    case CHANNEL.stdin:
      if (payload.length > 0 && streams.stdin?.writable && !streams.stdin.write(payload)) {
        socket.pause();
        streams.stdin.once('drain', () => socket.resume());
      }
      return;
    case CHANNEL.resize:
      return resize(payload, streams);
    case CHANNEL.close:
      if (payload[0] === CHANNEL.stdin) streams.stdin?.end();
      return;
    default:
      // The other channels are the server's to write.
      return;
  }
}

/** A terminal size as kubectl sends it: `{"Width":80,"Height":24}`. */
function resize(payload: Buffer, streams: ProcessStreams): void {
  const text = payload.toString('utf8');
  const columns = Number(/"Width"\s*:\s*(\d+)/.exec(text)?.[1]);
  const rows = Number(/"Height"\s*:\s*(\d+)/.exec(text)?.[1]);
  // A process that has just ended has no terminal to resize: not worth a word to the client.
  if (columns > 0 && rows > 0) streams.resize({ columns, rows }).catch(() => {});
}

async function copyOut(source: Readable, channel: number, socket: WebSocket): Promise<void> {
  for await (const chunk of source) {
    if (socket.readyState !== socket.OPEN) return;
    // Sources here are byte streams without an encoding.
    const message = framed(channel, chunk as Buffer);
    if (socket.bufferedAmount < UNSENT_BYTES_MAX) socket.send(message);
    else await new Promise<void>((resolve) => socket.send(message, () => resolve()));
  }
}

function framed(channel: number, bytes: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(bytes.length + 1);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

/** Which streams a client of exec or attach asked for. */
export interface StreamsWanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Gathers the streams that a SPDY client opens for one exec or attach, and joins them to the process when all are there. */
export class SpdyProcess {
  readonly #wanted: StreamsWanted;
  readonly #streams = new Map<string, Duplex>();
  readonly #connect: () => Promise<ProcessStreams>;
  readonly #finish: () => void;

  constructor(wanted: StreamsWanted, connect: () => Promise<ProcessStreams>, finish: () => void) {
    this.#wanted = wanted;
    this.#connect = connect;
    this.#finish = finish;
  }

  /** A stream that the client opened. */
  add(stream: Duplex, headers: SpdyHeaders): void {
    stream.on('error', () => stream.destroy());
    this.#streams.set(headers.streamtype ?? '', stream);
    if (this.#expected().every((type) => this.#streams.has(type)) && headers.streamtype !== undefined) void this.#serve();
  }

  #expected(): string[] {
    const { stdin, stdout, stderr, tty } = this.#wanted;
    return ['error', ...(stdin ? ['stdin'] : []), ...(stdout ? ['stdout'] : []), ...(stderr && !tty ? ['stderr'] : []), ...(tty ? ['resize'] : [])];
  }

  async #serve(): Promise<void> {
    const error = this.#streams.get('error');
    let status: unknown;
    try {
      const process = await this.#connect();
      error?.once('close', () => process.detach());
      const copies = this.#join(process);
      const code = await process.exited;
      await Promise.allSettled(copies);
      status = exitStatus(code);
    } catch (thrown) {
      status = failureStatus(messageOf(thrown));
    }
    error?.end(JSON.stringify(status), () => this.#finish());
  }

  #join(process: ProcessStreams): Promise<void>[] {
    const stdin = this.#streams.get('stdin');
    if (stdin && process.stdin) void copyQuietly(stdin, process.stdin);
    this.#streams.get('resize')?.on('data', (bytes: Buffer) => resize(bytes, process));
    const out = this.#streams.get('stdout');
    const err = this.#streams.get('stderr');
    return [...(out ? [copyQuietly(process.stdout, out)] : []), ...(err && process.stderr ? [copyQuietly(process.stderr, err)] : [])];
  }
}

/** A copy that ends when either side does: an abrupt end is one of the ways in which sessions end. */
async function copyQuietly(source: Readable, sink: Writable): Promise<void> {
  await pipeline(source, sink).catch(() => {});
}
