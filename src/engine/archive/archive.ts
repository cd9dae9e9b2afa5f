import { spawn } from 'node:child_process';
import type { Stats } from 'node:fs';
import { type FileHandle, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSystemError } from '#kit';
import { findInRoot, type Found, pathInvalid } from '#image';
import { ENVIRONMENT } from '../command.ts';
import { isLive } from '../container.ts';
import { pathUnknown, readOnly, runtimeFailed } from '../errors.ts';
import { pathsOf, type Rooms } from '../rooms.ts';
import type { Entry } from '../table.ts';
import type { PathStat } from '../types.ts';
import { spool } from './spool.ts';

/** Go's os.FileMode bits. */
const GO = {
  directory: 2 ** 31,
  link: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  character: 2 ** 21,
  sticky: 2 ** 20,
} as const;

interface Place {
  readonly found: Found;
  readonly stats: Stats;
}

/**
 * Calls `use` with the container's root for this path: of a running container what its own process sees, mounts included;
 * of another one the writable layer, or the volume that is mounted over the path.
 */
async function withRoot<T>(rooms: Rooms, entry: Entry, path: string, use: (root: string, inside: string) => Promise<T>): Promise<T> {
  const { record } = entry;
  if (isLive(record.state) && (await hasRoot(record.state.pid))) return await use(`/proc/${record.state.pid}/root`, path);
  const clean = posix.normalize(`/${path}`);
  const mounts = record.mounts.filter(({ type, target }) => type !== 'tmpfs' && (clean === target || clean.startsWith(`${target.replace(/\/$/, '')}/`)));
  const mount = mounts.toSorted((a, b) => b.target.length - a.target.length)[0];
  if (mount && clean !== mount.target) return await use(mount.source, clean.slice(mount.target.replace(/\/$/, '').length));
  const root = await openRoot(rooms, entry);
  try {
    return await use(mount ? mount.source : root, mount ? '/' : path);
  } finally {
    await closeRoot(rooms, entry);
  }
}

/** The root's path, mounted until `closeRoot` was called as often as this. */
async function openRoot(rooms: Rooms, entry: Entry): Promise<string> {
  return await rooms.locks.run(entry.record.id, async () => {
    const root = await rooms.snapshots.mount(pathsOf(rooms, entry.record).snapshot);
    entry.rootUsers += 1;
    return root;
  });
}

async function closeRoot(rooms: Rooms, entry: Entry): Promise<void> {
  const { record } = entry;
  await rooms.locks.run(record.id, async () => {
    entry.rootUsers -= 1;
    if (entry.rootUsers > 0 || isLive(entry.record.state) || rooms.table.byId(record.id) !== entry) return;
    await rooms.snapshots.unmount(pathsOf(rooms, record).snapshot);
  });
}

/** A process that has just ended has none, though its end is not taken in yet. */
async function hasRoot(pid: number): Promise<boolean> {
  try {
    await readlink(`/proc/${pid}/root`);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}

async function place(found: Found | undefined, path: string, id: string): Promise<Place> {
  if (found?.stats === undefined) {
    await found?.[Symbol.asyncDispose]();
    throw pathUnknown(path, id);
  }
  return { found, stats: found.stats };
}

/** A trailing `/` or `/.` asks for what a link leads to. */
const follows = (path: string) => /(?:^|\/)\.?$/.test(path);

export async function statPath(rooms: Rooms, entry: Entry, path: string): Promise<PathStat> {
  return await withRoot(rooms, entry, path, async (root, inside) => {
    const { found, stats } = await place(await findInRoot(root, inside, { followLast: follows(path) }), path, entry.record.id);
    await using _open = found;
    return await statOf(found, stats, path);
  });
}

async function statOf(found: Found, stats: Stats, path: string): Promise<PathStat> {
  return {
    name: posix.basename(posix.normalize(path)) || '/',
    size: stats.size,
    mode: goMode(stats),
    modified_ms: Math.round(stats.mtimeMs),
    linkTarget: stats.isSymbolicLink() ? await readlink(found.path) : '',
  };
}

/** The tar that `docker cp` reads. The root stays mounted until the stream is over. */
export async function readArchive(rooms: Rooms, entry: Entry, path: string): Promise<{ readonly stat: PathStat; readonly tar: Readable }> {
  const ready = Promise.withResolvers<{ stat: PathStat; tar: Readable }>();
  withRoot(rooms, entry, path, async (root, inside) => {
    const { found, stats } = await place(await findInRoot(root, inside, { followLast: follows(path) }), path, entry.record.id);
    await using _open = found;
    const stat = await statOf(found, stats, path);
    const output = new PassThrough();
    const name = found.name === '.' ? '.' : `./${found.name}`;
    const rename =
      stat.name === '/' || found.name === '.' ? [] : ['--transform', `flags=rSh;s|^\\./${escape(found.name)}|${stat.name.replace(/[\\&|]/g, '\\$&')}|`];
    const packed = tarIn(
      found.folder,
      [
        '--create',
        '--file=-',
        '--format=posix',
        '--pax-option=delete=atime,delete=ctime',
        '--numeric-owner',
        '--ignore-failed-read',
        '--warning=no-file-ignored',
        ...rename,
        '--',
        name,
      ],
      output,
    );
    ready.resolve({ stat, tar: output });
    await packed;
  }).catch((error: unknown) => {
    ready.reject(error);
    void ready.promise.then(
      ({ tar }) => tar.destroy(error instanceof Error ? error : undefined),
      () => undefined,
    );
  });
  return await ready.promise;
}

/**
 * Unpacks a tar into a folder of the container, once all of it has come and proved to be whole and to fit: what is refused changes
 * nothing. Errors: `PATH_UNKNOWN`, `PATH_INVALID`, `READ_ONLY`, `TAR_INVALID`, `ARCHIVE_TOO_LARGE`, `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function writeArchive(
  rooms: Rooms,
  entry: Entry,
  path: string,
  tar: Readable,
  options: { readonly noOverwriteDirNonDir: boolean; readonly copyUidGid: boolean },
): Promise<void> {
  await withRoot(rooms, entry, path, async (root, inside) => {
    await using found = await findInRoot(root, `${inside}/`, { followLast: true });
    if (!found?.stats) throw pathUnknown(path, entry.record.id);
    if (!found.stats.isDirectory()) throw pathInvalid(path, 'extraction point is not a directory');
    assertWritable(entry, posix.normalize(`/${path}`));
    await using kept = await spool(join(rooms.dataDir, 'incoming'), rooms.random.hex(16), tar);
    const { noOverwriteDirNonDir, copyUidGid: keepOwners } = options;
    await rooms.images.trees.place(kept.path, { root, inside: found.inside, room: found.path, noOverwriteDirNonDir, keepOwners });
  });
}

function assertWritable({ record }: Entry, path: string): void {
  const [mount] = record.mounts
    .filter(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.target.length - a.target.length);
  if (mount?.readOnly) throw readOnly(`mounted volume ${mount.target}`);
  if (mount === undefined && record.spec.readOnlyRoot) throw readOnly('container rootfs');
}

/** The whole file system as a tar, without what is mounted over it. */
export async function exportTar(rooms: Rooms, entry: Entry): Promise<Readable> {
  const found = await findRoot(rooms, entry);
  const output = new PassThrough();
  tarIn(
    found.folder,
    ['--create', '--file=-', '--format=posix', '--one-file-system', '--numeric-owner', '--transform', 'flags=rSh;s|^\\./||', '--', '.'],
    output,
  )
    .catch((error: unknown) => output.destroy(error instanceof Error ? error : undefined))
    .finally(async () => {
      await found[Symbol.asyncDispose]();
      await closeRoot(rooms, entry);
    })
    .catch((error: unknown) => rooms.logger.warn('cannot let go of an exported root', { error }));
  return output;
}

/** The root, held open; `closeRoot` lets go of it. */
async function findRoot(rooms: Rooms, entry: Entry): Promise<Found> {
  const root = await openRoot(rooms, entry);
  try {
    const found = await findInRoot(root, '/', { followLast: true });
    if (!found) throw pathUnknown('/', entry.record.id);
    return found;
  } catch (error) {
    await closeRoot(rooms, entry);
    throw error;
  }
}

/** Packs with tar in the folder that the descriptor stands for: what its path leads to meanwhile does not matter. */
async function tarIn(folder: FileHandle, args: readonly string[], output: PassThrough): Promise<void> {
  const child = spawn('tar', ['-C', '/proc/self/fd/3', ...args], { stdio: ['ignore', 'pipe', 'pipe', folder.fd], env: ENVIRONMENT });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a child without its pipes');
  let said = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 4096) said += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code] = await Promise.all([ended, pipeline(stdout, output).catch(() => void child.kill('SIGTERM'))]);
  // 1: a file changed while it was read, which is no failure for a live container.
  if (code !== 0 && code !== 1) throw runtimeFailed('pack files of a container', said.trim() || `tar ended with ${code}`);
}

function escape(name: string): string {
  return name.replace(/[\\.*[\]^$|]/g, '\\$&');
}

/** Type and permissions as Go's os.FileMode has them. */
export function goMode(stats: Pick<Stats, 'mode' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice'>): number {
  let mode = stats.mode & 0o777;
  if (stats.isDirectory()) mode += GO.directory;
  if (stats.isSymbolicLink()) mode += GO.link;
  if (stats.isFIFO()) mode += GO.fifo;
  if (stats.isSocket()) mode += GO.socket;
  if (stats.isBlockDevice()) mode += GO.device;
  if (stats.isCharacterDevice()) mode += GO.device + GO.character;
  if (stats.mode & 0o4000) mode += GO.setuid;
  if (stats.mode & 0o2000) mode += GO.setgid;
  if (stats.mode & 0o1000) mode += GO.sticky;
  return mode;
}
