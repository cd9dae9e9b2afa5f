import { createRequire } from 'node:module';
import { SystemCallError } from './errors.ts';

type Async<A extends unknown[]> = { async(...args: [...A, (error: Error | null, result: number) => void]): void };
type Call<A extends unknown[]> = ((...args: A) => number) & Async<A>;

const F_DUPFD_CLOEXEC = 1030;

/** The functions of the C library that are used here; each answers -1 and sets errno on failure. */
export interface Libc {
  readonly mount: Call<[source: string, target: string, type: string | null, flags: number, options: string | null]>;
  readonly umount2: Call<[target: string, flags: number]>;
  readonly setns: Call<[fd: number, kind: number]>;
  readonly unshare: Call<[flags: number]>;
  readonly socket: Call<[domain: number, type: number, protocol: number]>;
  readonly socketpair: Call<[domain: number, type: number, protocol: number, pair: number[]]>;
  readonly bind: Call<[fd: number, address: Uint8Array, length: number]>;
  readonly listen: Call<[fd: number, backlog: number]>;
  readonly connect: Call<[fd: number, address: Uint8Array, length: number]>;
  readonly getsockname: Call<[fd: number, address: Uint8Array, length: number[]]>;
  readonly setsockopt: Call<[fd: number, level: number, name: number, value: Uint8Array, length: number]>;
  readonly ioctl: Call<[fd: number, request: number, argument: Uint8Array]>;
  readonly send: Call<[fd: number, bytes: Uint8Array, length: number, flags: number]>;
  readonly recv: Call<[fd: number, buffer: Uint8Array, length: number, flags: number]>;
  readonly if_nametoindex: Call<[name: string]>;
  readonly pidfd_open: (pid: number) => number;
  /** Another descriptor of the same open file, which no child process gets (F_DUPFD_CLOEXEC). */
  readonly duplicate: (fd: number) => number;
  errno(): number;
}

/** Loads the C library of this process. koffi is loaded here and not before. */
export function openLibc(): Libc {
  // A cast because koffi is loaded when needed: an import statement would load it with the module.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  // A cast because koffi types every function alike; the declaration in C beside it says the same as the type argument.
  const declare = <A extends unknown[]>(declaration: string) => library.func(declaration) as Call<A>;
  const syscall = library.func('long syscall(long number, ...)');
  const fcntl = library.func('int fcntl(int fd, int command, ...)');
  return {
    mount: declare('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options)'),
    umount2: declare('int umount2(const char *target, int flags)'),
    setns: declare('int setns(int fd, int kind)'),
    unshare: declare('int unshare(int flags)'),
    socket: declare('int socket(int domain, int type, int protocol)'),
    socketpair: declare('int socketpair(int domain, int type, int protocol, _Out_ int *pair)'),
    bind: declare('int bind(int fd, const uint8_t *address, uint32_t length)'),
    listen: declare('int listen(int fd, int backlog)'),
    connect: declare('int connect(int fd, const uint8_t *address, uint32_t length)'),
    getsockname: declare('int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *length)'),
    setsockopt: declare('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)'),
    ioctl: declare('int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)'),
    send: declare('long send(int fd, const uint8_t *bytes, size_t length, int flags)'),
    recv: declare('long recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)'),
    if_nametoindex: declare('unsigned int if_nametoindex(const char *name)'),
    pidfd_open: (pid) => Number(syscall(434, 'int', pid, 'uint', 0)),
    duplicate: (fd) => Number(fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0)),
    errno: () => koffi.errno(),
  };
}

/** Answers `result`, or throws with errno when it is negative. `action` completes "Cannot …". */
export function checked(libc: Libc, result: number, call: string, action: string): number {
  if (result >= 0) return result;
  throw new SystemCallError(action, call, libc.errno());
}
