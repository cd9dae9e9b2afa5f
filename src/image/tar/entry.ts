/** What an entry of an archive is. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** One entry of a tar archive. Paths and link targets are bytes, held as latin1 text so that none is lost. */
export interface TarEntry {
  readonly path: string;
  readonly kind: EntryKind;
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch, perhaps with a fraction. */
  readonly mtime_s: number;
  /** Target of a symbolic link as written; path of a hard link's first name. */
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export const BLOCK_BYTES = 512;
export const XATTR_PREFIX = 'SCHILY.xattr.';
