import { mkdir, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { GantryError, isSystemError } from '#kit';
import { findInRoot, type Image } from '#image';
import type { ContainerRecord } from './container.ts';
import { invalid } from './errors.ts';
import { leaseOwner, pathsOf, type Rooms } from './rooms.ts';
import type { Container, MountSpec, Volume } from './types.ts';
import { mountWords } from './volume-options.ts';
import { copyUp } from './volumes.ts';

type Mount = Container['mounts'][number];

/**
 * What is mounted where: what the user asked for, then what comes from other containers, then the image's own volumes as anonymous ones.
 * An earlier one wins at its place. Volumes are made and filled. Errors: `ENGINE_INVALID`, `CONTAINER_UNKNOWN`, `IMAGE_UNKNOWN`.
 */
export async function makeMounts(rooms: Rooms, record: ContainerRecord, image: Image, anonymous: string[]): Promise<readonly Mount[]> {
  const asked = record.spec.mounts ?? [];
  const targets = new Set(asked.map(({ target }) => clean(target)));
  if (targets.size < asked.length) throw invalid('mounts', `two of them have the same target: ${asked.map(({ target }) => target).join(', ')}`);
  const taken = inherited(rooms, record, targets);
  for (const { target } of taken) targets.add(clean(target));
  const volumes = record.spec.layers === undefined ? image.config.config.Volumes : undefined;
  const own = Object.keys(volumes ?? {}).filter((target) => !targets.has(clean(target)));
  const mounts: Mount[] = [];
  for (const mount of asked) mounts.push(await makeMount(rooms, record, mount, anonymous));
  mounts.push(...taken);
  for (const target of own) mounts.push(await makeMount(rooms, record, { type: 'volume', target, readOnly: false }, anonymous));
  return mounts;
}

/** Volumes and bind mounts of the containers named. */
function inherited(rooms: Rooms, { spec }: ContainerRecord, targets: ReadonlySet<string>): readonly Mount[] {
  const found = new Map<string, Mount>();
  for (const { container, readOnly } of spec.volumesFrom ?? [])
    for (const mount of rooms.table.find(container).record.mounts)
      if ((mount.type === 'bind' || mount.type === 'volume') && !targets.has(clean(mount.target)))
        found.set(clean(mount.target), readOnly ? { ...mount, readOnly } : mount);
  return [...found.values()];
}

async function makeMount(rooms: Rooms, record: ContainerRecord, mount: MountSpec, anonymous: string[]): Promise<Mount> {
  const target = clean(mount.target);
  if (target === '/' || !mount.target.startsWith('/')) throw invalid('mount target', `"${mount.target}"; it must be an absolute path below /`);
  switch (mount.type) {
    case 'tmpfs':
      return { type: 'tmpfs', source: '', target: mount.target, readOnly: false };
    case 'bind':
      return await makeBind(mount);
    case 'image':
      return await makeImageMount(rooms, record, mount);
    case 'volume':
      return await makeVolumeMount(rooms, record, mount, anonymous);
  }
}

async function makeBind(mount: MountSpec & { type: 'bind' }): Promise<Mount> {
  const { source, target, readOnly, propagation } = mount;
  if (!source.startsWith('/')) throw invalid('bind mount', `source "${source}" must be an absolute path`);
  if (mount.makeSource && !(await isThere(source))) await mkdir(source, { recursive: true });
  else if (!(await isThere(source))) throw invalid('mount config for type "bind"', `bind source path does not exist: ${source}`);
  // Below a file nothing can be mounted, and the runtime takes the word for folders only.
  const recursion = mount.recursion ?? ((await stat(source)).isDirectory() ? undefined : 'read-only-top');
  return { type: 'bind', source, target, readOnly, ...(propagation === undefined ? {} : { propagation }), ...(recursion === undefined ? {} : { recursion }) };
}

async function makeImageMount(rooms: Rooms, record: ContainerRecord, mount: MountSpec & { type: 'image' }): Promise<Mount> {
  const { id } = await rooms.images.resolve(mount.source).catch((error: unknown) => {
    // Clients take "not found" as a word about the container's own image, and pull that one.
    throw error instanceof GantryError && error.status === 404 ? invalid('mount config for type "image"', error.message) : error;
  });
  await rooms.images.lease(leaseOwner(record.id), id);
  const subpath = checkedSubpath(mount.subpath);
  return { type: 'image', source: mount.source, target: mount.target, readOnly: true, imageId: id, ...(subpath === undefined ? {} : { subpath }) };
}

async function makeVolumeMount(rooms: Rooms, record: ContainerRecord, mount: MountSpec & { type: 'volume' }, anonymous: string[]): Promise<Mount> {
  const { source, target, readOnly, labels, driverOptions: options } = mount;
  const subpath = checkedSubpath(mount.subpath);
  const volume = await rooms.volumes.create({
    ...(source ? { name: source } : { container: record.id }),
    ...(labels === undefined ? {} : { labels }),
    ...(options === undefined ? {} : { options }),
  });
  if (!source) anonymous.push(volume.name);
  if (!mount.noCopy && subpath === undefined) await fill(rooms, record, clean(target), volume);
  const { flags } = mountWords(volume.options?.['o'] ?? '');
  const restrictions = flags.filter((flag) => ['nosuid', 'nodev', 'noexec'].includes(flag));
  return {
    type: 'volume',
    name: volume.name,
    source: volume.mountpoint,
    target,
    readOnly: readOnly || flags.includes('ro'),
    ...(subpath === undefined ? {} : { subpath }),
    ...(restrictions.length === 0 ? {} : { restrictions }),
  };
}

function checkedSubpath(subpath: string | undefined): string | undefined {
  if (subpath !== undefined && (subpath.startsWith('/') || subpath.split('/').includes('..')))
    throw invalid('subpath', `"${subpath}"; it must be a relative path that stays inside`);
  return subpath;
}

async function fill(rooms: Rooms, record: ContainerRecord, target: string, volume: Volume): Promise<void> {
  // What is mounted anew each time forgets what was copied.
  if (volume.options?.['type'] === 'tmpfs') return;
  const { snapshot } = pathsOf(rooms, record);
  const root = await rooms.snapshots.mount(snapshot);
  try {
    await using found = await findInRoot(root, target, { followLast: true });
    if (!found?.stats?.isDirectory()) return;
    const user = `${record.id} fill`;
    try {
      await rooms.volumes.hold(volume.name, user);
      await copyUp(`/proc/${process.pid}/fd/${found.folder.fd}/${found.name}`, volume.mountpoint);
    } finally {
      await rooms.volumes.releaseAll(user);
    }
  } finally {
    await rooms.snapshots.unmount(snapshot);
  }
}

function clean(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return false;
    throw error;
  }
}
