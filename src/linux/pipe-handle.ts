import { closeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { SystemCallError } from './errors.ts';
import { checked, type Libc } from './libc.ts';

const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2000000];
const PIPE_SOCKET = 0;

interface PipeHandle {
  /** 0, or a negative errno. Afterwards the handle owns the descriptor. */
  open(fd: number): number;
}
type PipeConstructor = new (kind: number) => PipeHandle;

/**
 * Lets Node.js watch and read file descriptors that `new net.Socket({ fd })` refuses by their type (SOCK_SEQPACKET sockets, process
 * descriptors): a pipe handle of its event loop takes any descriptor that can be polled.
 */
export class PipeHandles {
  readonly #libc: Libc;
  #Handle: PipeConstructor | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** A socket that owns `fd`, not yet reading; with `only` it does just the one thing, and reads nothing ahead. */
  adopt(fd: number, only?: 'reads' | 'writes'): Socket {
    this.#Handle ??= this.#find();
    const handle = new this.#Handle(PIPE_SOCKET);
    const result = handle.open(fd);
    if (result < 0) {
      closeSync(fd);
      throw new SystemCallError(`watch file descriptor ${fd}`, 'uv_pipe_open', -result);
    }
    // A cast because the types know one kind of handle only; Node.js's own modules pass this one in the same way.
    const way = only === undefined ? {} : only === 'writes' ? { readable: false } : { readableHighWaterMark: 1 };
    return new Socket({ handle: handle as PipeHandle & SocketConstructorOpts['handle'], allowHalfOpen: true, ...way });
  }

  /** The constructor of the handle inside an ordinary socket of a pair. */
  #find(): PipeConstructor {
    const pair = [0, 0];
    checked(this.#libc, this.#libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 'socketpair', 'make a pair of sockets');
    const [mine = -1, other = -1] = pair;
    const socket = new Socket({ fd: mine });
    try {
      // A cast because the handle of a socket is not in the types; every net.Socket with a descriptor has one.
      const { _handle: handle } = socket as Socket & { _handle: PipeHandle };
      return handle.constructor as PipeConstructor;
    } finally {
      socket.destroy();
      closeSync(other);
    }
  }
}
