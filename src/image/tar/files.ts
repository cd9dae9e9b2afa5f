import { chmodSync, lchownSync, lstatSync, lutimesSync, readdirSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { isSystemError } from '#kit';
import { openNodes, openXattrs, type Nodes, type Xattrs } from '#linux';

/** What an unpacked layer needs and only root may do: passed in, so that unit tests can do without. */
export interface Privileges {
  readonly xattrs: Xattrs;
  readonly nodes: Nodes;
  own(path: Buffer, uid: number, gid: number): void;
}

/** The real ones. Nothing is loaded before the first use. */
export function openPrivileges(): Privileges {
  return { xattrs: openXattrs(), nodes: openNodes(), own: (path, uid, gid) => lchownSync(path, uid, gid) };
}

/** The bytes of a path that is held as latin1 text. */
export function pathBytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** lstat, or undefined when nothing is there, as below a file. */
export function lookUp(path: Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isSystemError(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** True for overlayfs's mark of a removed file: the character device 0/0. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

/** Removes a file or a whole folder, following no link. */
export function removeTree(path: string, stats = lookUp(pathBytes(path))): void {
  if (stats === undefined) return;
  if (!stats.isDirectory()) return unlinkSync(pathBytes(path));
  for (const name of readdirSync(pathBytes(path), 'latin1')) removeTree(`${path}/${name}`);
  rmdirSync(pathBytes(path));
}

/** chmod of something that is no link. */
export function setMode(path: Buffer, mode: number): void {
  chmodSync(path, mode & 0o7777);
}

/** Both times of anything, a link itself. */
export function setTime(path: Buffer, time_s: number): void {
  const time = timeOf(time_s);
  lutimesSync(path, time, time);
}

/** A time as Node's calls take it: a negative number they take for "now", a date they take as it is. */
export function timeOf(time_s: number): number | Date {
  return time_s < 0 ? new Date(time_s * 1_000) : time_s;
}
