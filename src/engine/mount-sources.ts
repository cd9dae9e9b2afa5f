import { findInRoot } from '#image';
import type { ContainerPaths, ContainerRecord } from './container.ts';
import { invalid } from './errors.ts';
import { holdBind } from './held-mounts.ts';
import { type Rooms, SNAPSHOT_PREFIX } from './rooms.ts';

type Mount = ContainerRecord['mounts'][number];

/**
 * Mounts the volumes that are to be mounted, and says where mounts come from whose source is known at start only, by their targets: parts of volumes, and images. A path inside of a volume is
 * walked and then held, so that nobody who writes to the volume can lead it out. Errors: `ENGINE_INVALID`, `VOLUME_UNKNOWN`, `VOLUME_MOUNT_FAILED`.
 */
export async function mountSources(rooms: Rooms, record: ContainerRecord, paths: ContainerPaths): Promise<ReadonlyMap<string, string>> {
  for (const { type, name } of record.mounts) if (type === 'volume' && name !== undefined) await rooms.volumes.hold(name, record.id);
  const sources = new Map<string, string>();
  for (const [index, mount] of record.mounts.entries()) {
    if (mount.type !== 'image' && mount.subpath === undefined) continue;
    const source = mount.type === 'image' ? await holdImage(rooms, record, paths, mount, index) : await holdPart(rooms, paths, mount, index, mount.source);
    sources.set(mount.target, source);
  }
  return sources;
}

async function holdPart(rooms: Rooms, paths: ContainerPaths, mount: Mount, index: number, root: string): Promise<string> {
  const subpath = mount.subpath ?? '';
  await using found = await findInRoot(root, subpath, { followLast: true });
  if (!found?.stats?.isDirectory()) throw invalid('mount', `there is no folder "${subpath}" in ${mount.type} ${mount.name ?? mount.source}`);
  return await holdBind({ mounts: rooms.linux.mounts, folder: paths.held }, `part-${index}`, found.path);
}

/** An image's files need no writable layer, but one is how they are seen; the lease of the container keeps the image. */
async function holdImage(rooms: Rooms, record: ContainerRecord, paths: ContainerPaths, mount: Mount, index: number): Promise<string> {
  const key = imageSnapshot(record.id, index);
  if (mount.imageId === undefined) throw new TypeError('an image mount without an image');
  await rooms.snapshots.prepare(key, mount.imageId);
  const root = await rooms.snapshots.mount(key);
  try {
    return await holdPart(rooms, paths, mount, index, root);
  } finally {
    await rooms.snapshots.unmount(key);
  }
}

const imageSnapshot = (id: string, index: number) => `${SNAPSHOT_PREFIX}${id}-image-${index}`;

/** The snapshots that image mounts stand on; removing one that was never made is fine. */
export function imageSnapshots(record: Pick<ContainerRecord, 'id' | 'mounts'>): readonly string[] {
  return record.mounts.flatMap(({ type }, index) => (type === 'image' ? [imageSnapshot(record.id, index)] : []));
}

/** Whose snapshot it is, by its key. */
export function containerOfSnapshot(key: string): string {
  return key.slice(SNAPSHOT_PREFIX.length).split('-', 1)[0] ?? '';
}
