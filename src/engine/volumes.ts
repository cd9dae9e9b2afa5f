import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, KeyedMutex, type Random } from '#kit';
import { runProgram } from './command.ts';
import { volumeInUse, volumeNameInvalid, volumeUnknown } from './errors.ts';
import type { EventHub } from './events.ts';
import { RecordFolders } from './store.ts';
import type { Volume, Volumes } from './types.ts';

/** An anonymous volume belongs to the container it was made for, until that one lets go of it. */
type VolumeRecord = Omit<Volume, 'mountpoint'> & { readonly container?: string };

/** Named and anonymous folders that outlive containers: dataDir/volumes/NAME/_data. */
export class VolumeStore implements Volumes {
  readonly #records: RecordFolders<VolumeRecord>;
  readonly #options: { clock: Clock; random: Random; events: EventHub; usersOf: (name: string) => readonly string[] };
  readonly #locks = new KeyedMutex();
  #volumes = new Map<string, VolumeRecord>();

  constructor(folder: string, options: { clock: Clock; random: Random; events: EventHub; usersOf: (name: string) => readonly string[] }) {
    this.#records = new RecordFolders(folder, 'volume.json');
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#volumes = await this.#records.load();
  }

  async create(spec: { readonly name?: string; readonly labels?: Readonly<Record<string, string>>; readonly container?: string }): Promise<Volume> {
    const name = spec.name ?? this.#options.random.hex(64);
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) || name.length > 255 || name.endsWith('.gone')) throw volumeNameInvalid(name);
    return await this.#locks.run(name, async () => {
      const known = this.#volumes.get(name);
      if (known) return this.#view(known);
      const folder = await this.#records.make(name);
      await mkdir(join(folder, '_data'), { mode: 0o755 });
      const owner = spec.container === undefined || spec.name !== undefined ? {} : { container: spec.container };
      const record = { ...owner, name, labels: spec.labels ?? {}, anonymous: spec.name === undefined, created_ms: this.#options.clock.now() };
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

  #view({ container: _container, ...record }: VolumeRecord): Volume {
    return { ...record, mountpoint: join(this.#records.folder, record.name, '_data') };
  }
}

/** Fills an empty volume with what the image has at its place, owner and mode of the folder itself included. */
export async function copyUp(source: string, mountpoint: string): Promise<void> {
  if ((await readdir(mountpoint)).length > 0 || !(await lstat(source)).isDirectory()) return;
  await runProgram('cp', ['-a', '--', `${source}/.`, mountpoint]);
}
