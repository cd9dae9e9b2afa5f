import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, KeyedMutex, type Random } from '#kit';
import type { Linux } from '#linux';
import { runProgram } from './command.ts';
import { volumeDiffers, volumeInUse, volumeNameInvalid, volumeUnknown } from './errors.ts';
import type { EventHub } from './events.ts';
import { folderSize_bytes } from './folder-size.ts';
import { RecordFolders } from './store.ts';
import type { Volume, Volumes, VolumeSpec } from './types.ts';
import { VolumeMounts } from './volume-mounts.ts';
import { checkVolumeOptions } from './volume-options.ts';

/** An anonymous volume belongs to the container it was made for, until that one lets go of it. */
type VolumeRecord = Omit<Volume, 'mountpoint'> & { readonly container?: string };

export interface VolumeStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventHub;
  readonly linux: Pick<Linux, 'mounts'>;
  /** The containers that have it among their mounts. */
  readonly usersOf: (name: string) => readonly string[];
}

/** Named and anonymous folders that outlive containers: dataDir/volumes/NAME/_data. */
export class VolumeStore implements Volumes {
  readonly #records: RecordFolders<VolumeRecord>;
  readonly #options: VolumeStoreOptions;
  readonly #mounts: VolumeMounts;
  readonly #locks = new KeyedMutex();
  #volumes = new Map<string, VolumeRecord>();

  constructor(folder: string, options: VolumeStoreOptions) {
    this.#records = new RecordFolders(folder, 'volume.json');
    this.#options = options;
    this.#mounts = new VolumeMounts(options.linux);
  }

  async start(): Promise<void> {
    this.#volumes = await this.#records.load();
  }

  /** Errors: `VOLUME_NAME_INVALID`, `VOLUME_OPTIONS_INVALID`, `VOLUME_DIFFERS`. */
  async create(spec: VolumeSpec & { readonly container?: string }): Promise<Volume> {
    const name = spec.name ?? this.#options.random.hex(64);
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) || name.length > 255 || name.endsWith('.gone')) throw volumeNameInvalid(name);
    return await this.#locks.run(name, async () => {
      const known = this.#volumes.get(name);
      const options = Object.keys(spec.options ?? {}).length > 0 ? spec.options : undefined;
      if (known && options !== undefined && !isDeepStrictEqual({ ...known.options }, { ...options })) throw volumeDiffers(name, known.options ?? {});
      if (known) return this.#view(known);
      if (options !== undefined) checkVolumeOptions(name, options);
      const folder = await this.#records.make(name);
      await mkdir(join(folder, '_data'), { mode: 0o755 });
      const owner = spec.container === undefined || spec.name !== undefined ? {} : { container: spec.container };
      const plain = { name, labels: spec.labels ?? {}, anonymous: spec.name === undefined, created_ms: this.#options.clock.now() };
      const record = { ...owner, ...plain, ...(options === undefined ? {} : { options }) };
      await this.#records.put(name, record);
      this.#volumes.set(name, record);
      this.#options.events.emit({ type: 'volume', action: 'create', id: name, attributes: { driver: 'local' } });
      return this.#view(record);
    });
  }

  get(name: string): Volume {
    const record = this.#volumes.get(name);
    if (!record) throw volumeUnknown(name);
    return this.#view(record);
  }

  list(): readonly Volume[] {
    return [...this.#volumes.values()].map((record) => this.#view(record));
  }

  async remove(name: string, force: boolean): Promise<void> {
    await this.#locks.run(name, async () => {
      if (!this.#volumes.has(name)) {
        if (force) return;
        throw volumeUnknown(name);
      }
      const users = this.#options.usersOf(name);
      if (users.length > 0) throw volumeInUse(name, users);
      await this.#mounts.clear(this.get(name));
      await this.#records.remove(name);
      this.#volumes.delete(name);
      this.#options.events.emit({ type: 'volume', action: 'destroy', id: name, attributes: { driver: 'local' } });
    });
  }

  /** The container goes and its volume stays: it is nobody's from now on. */
  async letGo(name: string, container: string): Promise<void> {
    await this.#locks.run(name, async () => {
      const known = this.#volumes.get(name);
      if (known?.container !== container) return;
      const { container: _container, ...record } = known;
      await this.#records.put(name, record);
      this.#volumes.set(name, record);
    });
  }

  /** Removes the volumes of containers that never came to be or went while the daemon was cut off. */
  async removeOrphans(isKnown: (container: string) => boolean): Promise<void> {
    for (const { name, container } of this.#volumes.values())
      if (container !== undefined && !isKnown(container) && this.#options.usersOf(name).length === 0) await this.remove(name, true);
  }

  async size(name: string): Promise<number> {
    const { options, mountpoint } = this.get(name);
    return options === undefined ? await folderSize_bytes(mountpoint) : -1;
  }

  /** Mounts the volume where its options say what, until the user lets go. Errors: `VOLUME_UNKNOWN`, `VOLUME_MOUNT_FAILED`. */
  async hold(name: string, user: string): Promise<void> {
    await this.#mounts.hold(this.get(name), user);
  }

  /** The user lets go of all that it held. */
  async releaseAll(user: string): Promise<void> {
    await this.#mounts.release(user, this.list());
  }

  /** After a start: what stands mounted and is used by none of the running containers goes. */
  async recoverMounts(runningUsersOf: (name: string) => readonly string[]): Promise<void> {
    await this.#mounts.recover(this.list(), runningUsersOf);
  }

  /** Takes every mount of a volume off the machine. */
  async unmountAll(): Promise<void> {
    await this.#mounts.clearAll(this.#records.folder);
  }

  #view({ container: _container, ...record }: VolumeRecord): Volume {
    return { ...record, mountpoint: join(this.#records.folder, record.name, '_data') };
  }
}

/** Fills an empty volume with what the image has at its place, owner and mode of the folder itself included. */
export async function copyUp(source: string, mountpoint: string): Promise<void> {
  if ((await readdir(mountpoint)).length > 0 || !(await lstat(source)).isDirectory()) return;
  await runProgram('cp', ['-a', '--', `${source}/.`, mountpoint]);
}
