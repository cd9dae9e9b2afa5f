import { lookup } from 'node:dns/promises';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, KeyedMutex, messageOf } from '#kit';
import { type Linux, SystemCallError } from '#linux';
import { EngineError } from './errors.ts';
import { serverName, shownOptions, volumeMount, type VolumeOptions } from './volume-options.ts';

/** A volume as far as its mount goes. */
export interface MountableVolume {
  readonly name: string;
  readonly mountpoint: string;
  readonly options?: VolumeOptions;
}

/** The mounts of volumes that have options: there while somebody uses them. */
export class VolumeMounts {
  readonly #mounts: Linux['mounts'];
  readonly #locks = new KeyedMutex();
  readonly #users = new Map<string, Set<string>>();

  constructor(linux: Pick<Linux, 'mounts'>) {
    this.#mounts = linux.mounts;
  }

  /** Mounts it for one more user; again for the same one is fine. Errors: `VOLUME_MOUNT_FAILED`. */
  async hold(volume: MountableVolume, user: string): Promise<void> {
    const { options } = volume;
    if (options === undefined) return;
    await this.#locks.run(volume.name, async () => {
      const users = this.#users.get(volume.name) ?? new Set();
      if (users.size === 0 && !(await this.#isMounted(volume.mountpoint))) await this.#mount(volume, options);
      this.#users.set(volume.name, users.add(user));
    });
  }

  async #mount({ mountpoint }: MountableVolume, options: VolumeOptions): Promise<void> {
    try {
      const server = serverName(options);
      const o = server === undefined ? options['o'] : options['o']?.replace(`addr=${server}`, `addr=${(await lookup(server)).address}`);
      await this.#mounts.mountInBackground(volumeMount({ ...options, ...(o === undefined ? {} : { o }) }, mountpoint));
    } catch (error) {
      throw mountFailed(mountpoint, options, error);
    }
  }

  /** The user lets go of all that it held; what nobody holds any more is unmounted. */
  async release(user: string, volumes: readonly MountableVolume[]): Promise<void> {
    for (const volume of volumes) {
      if (volume.options === undefined) continue;
      await this.#locks.run(volume.name, async () => {
        const users = this.#users.get(volume.name);
        if (!users?.delete(user) || users.size > 0) return;
        this.#users.delete(volume.name);
        this.#mounts.unmount(volume.mountpoint);
      });
    }
  }

  /** Compares the kernel with who uses what after a start: what nobody uses is unmounted. */
  async recover(volumes: readonly MountableVolume[], usersOf: (name: string) => readonly string[]): Promise<void> {
    const mounted = await this.#places();
    for (const { name, mountpoint, options } of volumes) {
      const users = options === undefined ? [] : usersOf(name);
      if (users.length > 0) this.#users.set(name, new Set(users));
      else if (mounted.has(await realPath(mountpoint))) this.#mounts.unmount(mountpoint);
    }
  }

  /** What is mounted there belongs to somebody else: it must be gone before the folder is erased. Errors: `VOLUME_MOUNTED`. */
  async clear({ name, mountpoint }: MountableVolume): Promise<void> {
    await this.#locks.run(name, async () => {
      this.#users.delete(name);
      this.#mounts.unmount(mountpoint);
      if (await this.#isMounted(mountpoint))
        throw new EngineError('VOLUME_MOUNTED', 409, `Cannot remove volume ${name}: something is still mounted on ${mountpoint}; unmount it first`);
    });
  }

  /** Whatever is mounted below the folder of all volumes goes, whoever uses it. */
  async clearAll(folder: string): Promise<void> {
    const real = await realPath(folder);
    for (const place of await this.#places()) if (place.startsWith(join(real, '/'))) this.#mounts.unmount(place);
    this.#users.clear();
  }

  async #isMounted(place: string): Promise<boolean> {
    return (await this.#places()).has(await realPath(place));
  }

  /** As the kernel lists them: without symbolic links. */
  async #places(): Promise<ReadonlySet<string>> {
    return new Set((await this.#mounts.list()).map(({ target }) => target));
  }
}

/** Nothing is mounted where nothing is. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return path;
    throw error;
  }
}

function mountFailed(mountpoint: string, options: VolumeOptions, cause: unknown): EngineError {
  const { type = '', device = '', o = '' } = options;
  const data = o === '' ? '' : `, data: ${shownOptions(o)}`;
  const hint =
    cause instanceof SystemCallError && cause.errnoName === 'ENODEV'
      ? `; this machine's kernel has no file system ${type}: load the module that brings it`
      : '';
  return new EngineError(
    'VOLUME_MOUNT_FAILED',
    500,
    `error while mounting volume '${mountpoint}': failed to mount local volume: mount ${device}:${mountpoint} (type ${type})${data}: ${messageOf(cause)}${hint}`,
    { cause },
  );
}
