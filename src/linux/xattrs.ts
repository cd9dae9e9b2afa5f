import { createRequire } from 'node:module';
import { SystemCallError } from './errors.ts';
import type { FilePath, Nodes, Xattrs } from './types.ts';

const [ENODATA, ENOTSUP] = [61, 95];
const NODE_KINDS = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const;

interface FileCalls {
  lsetxattr(path: Uint8Array, name: string, value: Uint8Array, size: number, flags: number): number;
  lgetxattr(path: Uint8Array, name: string, value: Uint8Array, size: number): number;
  llistxattr(path: Uint8Array, list: Uint8Array, size: number): number;
  mknod(path: Uint8Array, mode: number, device: number): number;
  syncfs(fd: number): number;
  errno(): number;
}

/** Extended attributes by lsetxattr(2) and its kin; koffi is loaded at the first call. */
export function openXattrs(): Xattrs {
  const calls = lazily(openFileCalls);
  // Each answer is taken out of it at once.
  const space = lazily(() => Buffer.alloc(65_536));
  const check = (result: number, call: string, path: FilePath, name: string) => {
    if (result < 0) throw new SystemCallError(`use attribute ${name} of ${path.toString()}`, call, calls().errno());
    return result;
  };
  return {
    set(path, name, value) {
      check(calls().lsetxattr(pathBytes(path), name, value, value.length, 0), 'lsetxattr', path, name);
    },
    get(path, name) {
      const buffer = space();
      const size = calls().lgetxattr(pathBytes(path), name, buffer, buffer.length);
      if (size < 0 && [ENODATA, ENOTSUP].includes(calls().errno())) return undefined;
      return Buffer.from(buffer.subarray(0, check(size, 'lgetxattr', path, name)));
    },
    list(path) {
      const buffer = space();
      const size = calls().llistxattr(pathBytes(path), buffer, buffer.length);
      if (size === 0) return [];
      if (size < 0 && calls().errno() === ENOTSUP) return [];
      return buffer
        .toString('utf8', 0, check(size, 'llistxattr', path, '*'))
        .split('\0')
        .filter((name) => name !== '');
    },
  };
}

/** Device nodes and pipes by mknod(2), and syncfs(2); koffi is loaded at the first call. */
export function openNodes(): Nodes {
  const calls = lazily(openFileCalls);
  return {
    make(path, kind, permissions, device = { major: 0, minor: 0 }) {
      const { major, minor } = device;
      // The layout of dev_t in Linux: 12 bits of major, 20 of minor.
      const number = (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12);
      if (calls().mknod(pathBytes(path), NODE_KINDS[kind] | permissions, number >>> 0) < 0)
        throw new SystemCallError(`make ${kind} node ${path.toString()}`, 'mknod', calls().errno());
    },
    sync(fd) {
      if (calls().syncfs(fd) < 0) throw new SystemCallError('write the file system to disk', 'syncfs', calls().errno());
    },
  };
}

function openFileCalls(): FileCalls {
  // A cast because koffi is loaded when needed: an import statement would load it with the module.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  return {
    lsetxattr: library.func('int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)'),
    lgetxattr: library.func('long lgetxattr(const uint8_t *path, const char *name, uint8_t *value, size_t size)'),
    llistxattr: library.func('long llistxattr(const uint8_t *path, uint8_t *list, size_t size)'),
    mknod: library.func('int mknod(const uint8_t *path, uint32_t mode, uint64_t device)'),
    syncfs: library.func('int syncfs(int fd)'),
    errno: () => koffi.errno(),
  };
}

function pathBytes(path: FilePath): Buffer {
  return Buffer.concat([Buffer.from(path), Buffer.alloc(1)]);
}

function lazily<T>(open: () => T): () => T {
  let opened: T | undefined;
  return () => (opened ??= open());
}
