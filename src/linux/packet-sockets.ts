import { closeSync, openSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { Duplex } from 'node:stream';
import { isSystemError } from '#kit';
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
      const duplicate = (fd: number) => checked(libc, libc.duplicate(fd), 'fcntl', `write to ${path}`);
      return new PacketStream({ adopt: (fd, only) => handles.adopt(fd, only), duplicate }, openConnected(libc, path));
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

/** How the descriptors of a connection are made into sockets. */
interface Ways {
  adopt(fd: number, only: 'reads' | 'writes'): Socket;
  duplicate(fd: number): number;
}

/**
 * Every chunk read is one packet, however it is read; a longer chunk written becomes several packets. It is written through another descriptor
 * than it is read by: when a peer goes, a write that fails would else take along what it had said before. What nobody reads any more is
 * thrown away.
 */
class PacketStream extends Duplex {
  readonly #ways: Ways;
  readonly #fd: number;
  #reader: Socket;
  #writer: Socket | undefined;
  /** For reading on, since the kernel says once that the peer went with unread input (ECONNRESET), and only then gives what it had said. */
  #spare: number | undefined;
  #isUnheard = false;

  constructor(ways: Ways, fd: number) {
    super({ readableObjectMode: true, readableHighWaterMark: PACKETS_AHEAD, allowHalfOpen: true });
    this.#ways = ways;
    this.#fd = fd;
    this.#reader = this.#readFrom(fd);
  }

  override _read(): void {
    this.#reader.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const next = (from: number) => {
      if (this.#isUnheard || from >= chunk.length) return done();
      const to = Math.min(from + PACKET_BYTES_MAX, chunk.length);
      // Its failure is heard by the listener for errors.
      this.#openWriter().write(chunk.subarray(from, to), () => next(to));
    };
    next(0);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isUnheard) done();
    else this.#openWriter().end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#reader.destroy();
    this.#writer?.destroy();
    if (this.#spare !== undefined) closeSync(this.#spare);
    this.#spare = undefined;
    done(error);
  }

  #readFrom(fd: number): Socket {
    const socket = this.#ways.adopt(fd, 'reads');
    socket.on('data', (packet) => {
      if (!this.push(packet)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => {
      const spare = this.#spare;
      if (!hasGone(error) || spare === undefined) return void this.destroy(error);
      this.#spare = undefined;
      this.#isUnheard = true;
      this.#reader = this.#readFrom(spare);
    });
    socket.on('close', () => {
      if (socket === this.#reader) this.destroy();
    });
    return socket;
  }

  /** Made at the first write: most connections are only read. */
  #openWriter(): Socket {
    if (this.#writer) return this.#writer;
    this.#spare = this.#ways.duplicate(this.#fd);
    const socket = this.#ways.adopt(this.#ways.duplicate(this.#fd), 'writes');
    socket.on('error', (error) => {
      this.#isUnheard = true;
      if (!hasGone(error)) this.destroy(error);
    });
    this.#writer = socket;
    return socket;
  }
}

function hasGone(error: Error): boolean {
  return isSystemError(error, 'EPIPE') || isSystemError(error, 'ECONNRESET');
}
