import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { asBytes } from './bytes.ts';
import { bombSuspected, noRoom, unpackTooLarge } from './errors.ts';

/** How much may come of one archive or layer. */
export interface UnpackBounds {
  readonly bytes_max: number;
  /** So many times what it takes compressed; asked only beyond `unsuspected_bytes`. */
  readonly ratio_max: number;
  /** So much may come of anything: a few large files of zeros are nothing to wonder at. */
  readonly unsuspected_bytes: number;
}
/** What applies where nothing else is set: Docker, containerd and podman have no bound at all, so none that a true image meets. */
export const DEFAULT_BOUNDS: UnpackBounds = { bytes_max: Number.POSITIVE_INFINITY, ratio_max: 100, unsuspected_bytes: 8 * 2 ** 30 };

export interface Limits {
  readonly bounds: UnpackBounds;
  /** Where it goes: the disk there is never filled. */
  readonly folder: string;
}

/** The disk is looked at again after this share of its room, and between so many bytes: a small file takes more than its bytes. */
const LOOK_AFTER_SHARE = 1 / 16;
const LOOK_AFTER_BYTES = { min: 2 ** 18, max: 2 ** 24 };
/** What is left free: this share of a disk, on large ones no more than so much. */
const [RESERVE_SHARE, RESERVE_BYTES_MAX] = [0.02, 512 * 2 ** 20];
const [RESERVE_FILES_SHARE, RESERVE_FILES_MAX] = [0.01, 10_000];

/**
 * The same bytes, until they are more than there is room for or than is believed. `packed_bytes` tells how much was read of what they were
 * compressed to. Errors: `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function* bounded(content: AsyncIterable<Uint8Array>, { bounds, folder }: Limits, packed_bytes?: () => number): AsyncGenerator<Uint8Array> {
  const { bytes_max, ratio_max, unsuspected_bytes } = bounds;
  let plain_bytes = 0;
  for await (const piece of withRoom(content, folder)) {
    plain_bytes += piece.length;
    if (plain_bytes > bytes_max) throw unpackTooLarge(bytes_max);
    if (packed_bytes && plain_bytes > unsuspected_bytes && plain_bytes > ratio_max * packed_bytes())
      throw bombSuspected(plain_bytes, packed_bytes(), ratio_max);
    yield piece;
  }
}

/** The same bytes, as long as the disk that they are written to has room. Errors: `NO_SPACE`. */
export async function* withRoom(content: AsyncIterable<unknown>, folder: string): AsyncGenerator<Uint8Array> {
  let unlooked_bytes: number = LOOK_AFTER_BYTES.min;
  for await (const piece of content) {
    const bytes = asBytes(piece);
    unlooked_bytes -= bytes.length;
    if (unlooked_bytes < 0) unlooked_bytes = Math.min(LOOK_AFTER_BYTES.max, Math.max(LOOK_AFTER_BYTES.min, (await requireRoom(folder)) * LOOK_AFTER_SHARE));
    yield bytes;
  }
}

/** Bytes that may still be written to the disk of a folder. */
export async function roomIn(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return Math.max(0, bavail * bsize - reserveOf(blocks * bsize));
}

/** For a file of that size that is written in one go. Errors: `NO_SPACE`. */
export function requireRoomNow(folder: string, bytes: number): void {
  if (bytes < LOOK_AFTER_BYTES.min) return;
  const { bavail, blocks, bsize } = statfsSync(folder);
  const room_bytes = bavail * bsize - reserveOf(blocks * bsize);
  if (bytes > room_bytes) throw noRoom(`a file has ${bytes} bytes, and there is room for ${Math.max(0, room_bytes)}`);
}

/** Answers the bytes that may still be written. Errors: `NO_SPACE` where there is room for none, or for no more files. */
async function requireRoom(folder: string): Promise<number> {
  const { bavail, blocks, bsize, files, ffree } = await statfs(folder);
  const [free_bytes, kept_bytes] = [bavail * bsize, reserveOf(blocks * bsize)];
  if (free_bytes < kept_bytes) throw noRoom(`${free_bytes} bytes are free, and ${kept_bytes} are kept free`);
  // Some file systems do not count their files.
  if (files > 0 && ffree < Math.min(files * RESERVE_FILES_SHARE, RESERVE_FILES_MAX)) throw noRoom(`it has room for ${ffree} more files only`);
  return free_bytes - kept_bytes;
}

function reserveOf(disk_bytes: number): number {
  return Math.min(Math.ceil(disk_bytes * RESERVE_SHARE), RESERVE_BYTES_MAX);
}
