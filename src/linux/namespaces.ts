import { closeSync, openSync, writeFileSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AF_INET, AF_INET6, socketAddress } from './addresses.ts';
import { namespaceReturnFailed, SystemCallError } from './errors.ts';
import { checked, type Libc } from './libc.ts';
import type { Mounts, Namespaces } from './types.ts';

const CLONE_NEWNET = 0x40000000;
const [SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC] = [1, 2, 0o4000, 0o2000000];
const [SOL_SOCKET, SO_REUSEADDR, IPPROTO_IPV6, IPV6_V6ONLY] = [1, 2, 41, 26];
const [SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP] = [0x8913, 0x8914, 1];
const EINPROGRESS = 115;
/** The namespace of the calling thread: the main thread's here, whatever the pool's threads do. */
const OWN = '/proc/thread-self/ns/net';

/** Network namespaces, entered by the main thread for the length of one synchronous call. */
export function createNamespaces(libc: Libc, mounts: Mounts): Namespaces {
  const excursion = <T>(leave: () => void, task: () => T): T => {
    const own = openSync(OWN, 'r');
    try {
      leave();
      try {
        return task();
      } finally {
        comeBack(libc, own);
      }
    } finally {
      closeSync(own);
    }
  };
  const run = <T>(path: string, task: () => T): T => excursion(() => enter(libc, path), task);
  return {
    async create(path) {
      await writeFile(path, '', { mode: 0o444, flag: 'a' });
      await mounts.turn();
      excursion(
        () => checked(libc, libc.unshare(CLONE_NEWNET), 'unshare', 'make a network namespace'),
        () => {
          raiseLoopback(libc);
          mounts.mount({ source: OWN, target: path, flags: ['bind'] });
        },
      );
    },
    async remove(path) {
      await mounts.turn();
      mounts.unmount(path);
      await rm(path, { force: true });
    },
    run,
    async identity(path) {
      return String((await stat(path)).ino);
    },
    listenTcp(path, address, port) {
      return run(path, () => openBound(libc, SOCK_STREAM, address, port));
    },
    bindUdp(path, address, port) {
      return run(path, () => openBound(libc, SOCK_DGRAM, address, port));
    },
    boundPort(fd) {
      const address = Buffer.alloc(28);
      checked(libc, libc.getsockname(fd, address, [address.length]), 'getsockname', `read the port of socket ${fd}`);
      return address.readUInt16BE(2);
    },
    async connectTcp(path, address, port, signal) {
      signal?.throwIfAborted();
      return await adoptConnecting(
        run(path, () => openConnecting(libc, address, port)),
        signal,
      );
    },
    setSysctl(path, name, value) {
      run(path, () => writeFileSync(`/proc/sys/${name}`, value));
    },
  };
}

function enter(libc: Libc, path: string): void {
  const target = openSync(path, 'r');
  try {
    checked(libc, libc.setns(target, CLONE_NEWNET), 'setns', `enter the network namespace at ${path}`);
  } finally {
    closeSync(target);
  }
}

/** In the wrong namespace nothing that this process does can be trusted, so a failure is passed on as fatal. */
function comeBack(libc: Libc, own: number): void {
  if (libc.setns(own, CLONE_NEWNET) === 0) return;
  const failure = namespaceReturnFailed(new SystemCallError('return', 'setns', libc.errno()));
  process.nextTick(() => {
    throw failure;
  });
  throw failure;
}

function raiseLoopback(libc: Libc): void {
  const fd = checked(libc, libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', 'open a socket to bring lo up');
  try {
    const request = Buffer.alloc(40);
    request.write('lo');
    checked(libc, libc.ioctl(fd, SIOCGIFFLAGS, request), 'ioctl', 'read the flags of lo');
    request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
    checked(libc, libc.ioctl(fd, SIOCSIFFLAGS, request), 'ioctl', 'bring lo up');
  } finally {
    closeSync(fd);
  }
}

function openBound(libc: Libc, type: number, address: string, port: number): number {
  const name = socketAddress(address, port);
  const family = name.readUInt16LE(0);
  const words = `${type === SOCK_STREAM ? 'listen' : 'bind'} at ${address} port ${port}/${type === SOCK_STREAM ? 'tcp' : 'udp'}`;
  const fd = checked(libc, libc.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket', words);
  try {
    const on = Buffer.from([1, 0, 0, 0]);
    if (type === SOCK_STREAM) checked(libc, libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4), 'setsockopt', words);
    if (family === AF_INET6) checked(libc, libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on, 4), 'setsockopt', words);
    checked(libc, libc.bind(fd, name, name.length), 'bind', words);
    if (type === SOCK_STREAM) checked(libc, libc.listen(fd, 511), 'listen', words);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openConnecting(libc: Libc, address: string, port: number): number {
  const name = socketAddress(address, port);
  const words = `connect to ${address} port ${port}`;
  const fd = checked(libc, libc.socket(name.readUInt16LE(0), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket', words);
  if (libc.connect(fd, name, name.length) === 0) return fd;
  const errno = libc.errno();
  if (errno === EINPROGRESS) return fd;
  closeSync(fd);
  throw new SystemCallError(words, 'connect', errno);
}

/** An empty write ends when the connection stands, and fails when it was refused. */
function adoptConnecting(fd: number, signal: AbortSignal | undefined): Promise<Duplex> {
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const onAbort = () => socket.destroy(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('error', reject);
  socket.write('', (error) => {
    signal?.removeEventListener('abort', onAbort);
    if (error) return reject(error);
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}
