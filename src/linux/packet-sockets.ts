import { closeSync, openSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { Duplex } from 'node:stream';
import { unixAddress } from './addresses.ts';
import { checked, type Libc } from './libc.ts';
import type { PipeHandles } from './pipe-handle.ts';
import type { PacketSockets } from './types.ts';

const [AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_CLOEXEC] = [1, 2, 5, 0o2000000];
const PATH_BYTES_MAX = 107;
/** conmon reads at most 32 KiB of a packet and drops the rest; 8 KiB leaves room and fits its pipes. */
const PACKET_BYTES_MAX = 8192;
/** Packets read ahead of a slow reader. */
const PACKETS_AHEAD = 16;

/** Connections to SOCK_SEQPACKET sockets, and packets to SOCK_DGRAM ones (unix(7)). */
export function createPacketSockets(libc: Libc, handles: PipeHandles): PacketSockets {
  return {
    send: (address, packet) => sendNow(libc, address, packet),
    async connect(path) {
      return new PacketStream(handles.adopt(openConnected(libc, path)));
    },
  };
}

function sendNow(libc: Libc, text: string, packet: string): void {
  // Of an abstract address every byte counts, those after its name too.
  const address = text.startsWith('@') ? unixAddress(`\0${text.slice(1)}`).subarray(0, 2 + Buffer.byteLength(text)) : unixAddress(text);
  const fd = checked(libc, libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', `send to ${text}`);
  try {
    checked(libc, libc.connect(fd, address, address.length), 'connect', `send to ${text}`);
    writeSync(fd, packet);
  } finally {
    closeSync(fd);
  }
}

/** A deep path is reached through a descriptor of its folder, since a socket's address takes 107 bytes. */
function openConnected(libc: Libc, path: string): number {
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return connectNow(libc, path, path);
  const folder = openSync(dirname(path), 'r');
  try {
    return connectNow(libc, `/proc/self/fd/${folder}/${basename(path)}`, path);
  } finally {
    closeSync(folder);
  }
}

function connectNow(libc: Libc, shortPath: string, path: string): number {
  const fd = checked(libc, libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), 'socket', `connect to ${path}`);
  try {
    const address = unixAddress(shortPath);
    checked(libc, libc.connect(fd, address, address.length), 'connect', `connect to ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Every chunk read is one packet, however it is read; a longer chunk written becomes several packets. */
class PacketStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ readableObjectMode: true, readableHighWaterMark: PACKETS_AHEAD, allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (packet) => {
      if (!this.push(packet)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (chunk.length === 0) return done();
    const next = (from: number) => {
      const to = Math.min(from + PACKET_BYTES_MAX, chunk.length);
      this.#socket.write(chunk.subarray(from, to), (error) => {
        if (error || to === chunk.length) done(error);
        else next(to);
      });
    };
    next(0);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
