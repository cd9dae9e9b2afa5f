import { lstat, stat } from 'node:fs/promises';
import { DEFAULT_BOUNDS } from '../bounds.ts';
import { INLINE_BYTES_MAX, type JobRunner } from '../jobs/runner.ts';
import { placeArchive } from '../live/unpack.ts';
import { compressionOf } from '../tar/compression.ts';
import { openPrivileges } from '../tar/files.ts';
import { copyTrees } from './copy.ts';
import { hashTrees } from './hash.ts';
import type { TreeCopyItem, TreeHashItem, Trees, TreeSource } from './types.ts';

/** Work on trees by the image store's worker threads; lone small files are done at once. */
export function treesBy(jobs: JobRunner): Trees {
  return {
    hash: async (items: readonly TreeHashItem[], { owners }) => await jobs.run<'hash-trees'>({ kind: 'hash-trees', items, owners }, await weigh(items)),
    copy: async (root: string, items: readonly TreeCopyItem[]) => {
      await jobs.run<'copy-trees'>({ kind: 'copy-trees', root, items }, await weigh(items));
    },
    place: async (archive, options) => {
      // A small compressed one may hold anything.
      const bytes = (await compressionOf(archive)) === 'none' ? (await stat(archive)).size : Number.POSITIVE_INFINITY;
      await jobs.run<'place'>({ kind: 'place', archive, options }, bytes);
    },
  };
}

/** The same at once, on the calling thread. */
export function treesHere(): Trees {
  return {
    hash: async (items, { owners }) => hashTrees(items, owners, openPrivileges().xattrs),
    copy: async (root, items) => copyTrees(root, items, openPrivileges()),
    place: (archive, options) => placeArchive(archive, { ...options, privileges: openPrivileges() }, DEFAULT_BOUNDS),
  };
}

/** What reading or copying a file costs beside its bytes, in bytes. */
const FILE_BYTES = 4_096;

/** About how many bytes there are to read; a folder counts as many. */
export async function weigh(items: readonly TreeSource[]): Promise<number> {
  let bytes = 0;
  for (const { path } of items) {
    const stats = await lstat(path);
    bytes += stats.isDirectory() ? INLINE_BYTES_MAX : stats.size + FILE_BYTES;
    if (bytes >= INLINE_BYTES_MAX) break;
  }
  return bytes;
}
