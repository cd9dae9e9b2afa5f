import { relative } from 'node:path';
import type { Linux } from '#linux';

export interface OverlayMount {
  /** A folder from which the lower ones have short names. */
  readonly base: string;
  /** Uppermost first. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/** mount(2) takes a page of options, its last byte a NUL. */
const OPTION_BYTES_MAX = 4_095;

/** Mounts an overlay so that the writable layer is whole in itself: no redirects, no metadata-only copies, no index. */
export function mountOverlay(mounts: Linux['mounts'], mount: OverlayMount): void {
  const options = overlayOptions(mount);
  const request = { source: 'overlay', type: 'overlay', target: mount.target };
  if (Buffer.byteLength(options) <= OPTION_BYTES_MAX) return mounts.mount({ ...request, options });
  // Relative names are short. The folder is changed for the time of one system call only: nothing else runs meanwhile on this thread.
  const before = process.cwd();
  process.chdir(mount.base);
  try {
    mounts.mount({ ...request, options: overlayOptions({ ...mount, lower: mount.lower.map((path) => relative(mount.base, path)) }) });
  } finally {
    process.chdir(before);
  }
}

/** The option text of overlayfs. */
export function overlayOptions({ lower, upper, work }: Pick<OverlayMount, 'lower' | 'upper' | 'work'>): string {
  const lowers = lower.map((path) => path.replaceAll(/[\\:]/g, '\\$&').replaceAll(',', '\\,')).join(':');
  const plain = (path: string) => path.replaceAll(/[\\,]/g, '\\$&');
  return `lowerdir=${lowers},upperdir=${plain(upper)},workdir=${plain(work)},index=off,metacopy=off,redirect_dir=off`;
}
