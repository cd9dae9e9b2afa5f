import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTree, GantryError, isSystemError, readJsonNow, writeDurable } from '#kit';
import { recordBroken } from './errors.ts';

const VERSION = 1;

/** Folders with one JSON record each: `FOLDER/KEY/NAME.json`. A folder without a record is a half-made thing. */
export class RecordFolders<T extends object> {
  readonly folder: string;
  readonly #file: string;

  constructor(folder: string, file: string) {
    this.folder = folder;
    this.#file = file;
  }

  /** All records; folders without one are removed. Errors: `RECORD_BROKEN`. */
  async load(): Promise<Map<string, T>> {
    await mkdir(this.folder, { recursive: true, mode: 0o711 });
    const records = new Map<string, T>();
    for (const key of await readdir(this.folder)) {
      const record = key.endsWith('.gone') ? undefined : this.#read(join(this.folder, key, this.#file));
      if (record === undefined) await eraseTree(join(this.folder, key));
      else records.set(key, record);
    }
    return records;
  }

  #read(path: string): T | undefined {
    let value: unknown;
    try {
      value = readJsonNow(path);
    } catch (error) {
      throw recordBroken(path, error instanceof Error ? error.message : String(error));
    }
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null || !('formatVersion' in value) || !('record' in value))
      throw recordBroken(path, 'it is no record of the engine');
    if (value.formatVersion !== VERSION) {
      throw new GantryError('FORMAT_TOO_NEW', 500, `Cannot read ${path}: its format ${String(value.formatVersion)} is not ${VERSION}; a newer Gantry wrote it`);
    }
    // A cast because only this class writes these files, and it writes `T`.
    return value.record as T;
  }

  /** Durable when it resolves. */
  async put(key: string, record: T): Promise<void> {
    await writeDurable(join(this.folder, key, this.#file), JSON.stringify({ formatVersion: VERSION, record }));
  }

  async make(key: string): Promise<string> {
    const folder = join(this.folder, key);
    await mkdir(folder, { mode: 0o711 });
    return folder;
  }

  /** Gone for the next start, but its files are still there. */
  async bury(key: string): Promise<void> {
    const folder = join(this.folder, key);
    try {
      await rename(folder, `${folder}.gone`);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
    }
  }

  /** Gone at once for the next start, then erased. */
  async remove(key: string): Promise<void> {
    await this.bury(key);
    await eraseTree(join(this.folder, `${key}.gone`));
  }
}
