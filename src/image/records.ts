import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonNow, removeDurable, writeDurable } from '#kit';
import { formatTooNew, recordBroken } from './errors.ts';

/** How the records of one folder are read: the newest version known, and how an older one becomes it. */
export interface RecordFormat<T> {
  readonly version: number;
  /** Answers undefined when the value is no such record. */
  parse(value: Readonly<Record<string, unknown>>): T | undefined;
  /** Turns a record of version n into one of version n + 1. */
  readonly migrations?: Readonly<Record<number, (value: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>>>;
}

/** A folder of JSON records, one file each, durable when `put` resolves. Keys may be any text. */
export class RecordFolder<T extends object> {
  readonly #folder: string;
  readonly #format: RecordFormat<T>;

  constructor(folder: string, format: RecordFormat<T>) {
    this.#folder = folder;
    this.#format = format;
  }

  /** Every record by key. What a killed write left is removed. Errors: `FORMAT_TOO_NEW`, `RECORD_BROKEN`. */
  async load(): Promise<Map<string, T>> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records = new Map<string, T>();
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith('.json.new')) await rm(join(this.#folder, name), { force: true });
      if (!name.endsWith('.json')) continue;
      const path = join(this.#folder, name);
      const raw = readRaw(path, this.#format);
      if (raw === undefined || typeof raw.key !== 'string') throw recordBroken(path);
      records.set(raw.key, parseRaw(path, raw, this.#format));
    }
    return records;
  }

  async put(key: string, record: T): Promise<void> {
    await writeDurable(this.#path(key), encodeRecord({ ...record, key }, this.#format));
  }

  async remove(key: string): Promise<void> {
    await removeDurable(this.#path(key));
  }

  #path(key: string): string {
    return join(this.#folder, `${fileName(key)}.json`);
  }
}

/** A name for a file that stands for any key, and for no other. */
export function fileName(key: string): string {
  const encoded = encodeURIComponent(key).replaceAll('.', '%2E').replaceAll('*', '%2A');
  return encoded.length > 200 ? createHash('sha256').update(key).digest('hex') : encoded;
}

/** The text of one record, its version with it. */
export function encodeRecord(record: object, format: { readonly version: number }): string {
  return JSON.stringify({ formatVersion: format.version, ...record });
}

/** Reads one record, for a start; migrated where it is older; undefined when there is none. Errors: `FORMAT_TOO_NEW`, `RECORD_BROKEN`. */
export function readRecord<T extends object>(path: string, format: RecordFormat<T>): T | undefined {
  const raw = readRaw(path, format);
  return raw === undefined ? undefined : parseRaw(path, raw, format);
}

function parseRaw<T extends object>(path: string, raw: RawRecord, format: RecordFormat<T>): T {
  const parsed = format.parse(raw);
  if (parsed === undefined) throw recordBroken(path);
  return parsed;
}

type RawRecord = Readonly<Record<string, unknown>>;

function readRaw<T extends object>(path: string, format: RecordFormat<T>): RawRecord | undefined {
  let value: unknown;
  try {
    value = readJsonNow(path);
  } catch (error) {
    throw recordBroken(path, error);
  }
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw recordBroken(path);
  let record: RawRecord = { ...value };
  let version = Number(record.formatVersion);
  if (version > format.version) throw formatTooNew(path, record.formatVersion, format.version);
  for (; version < format.version; version += 1) {
    const migrate = format.migrations?.[version];
    if (!migrate) throw recordBroken(path);
    record = migrate(record);
  }
  if (Number.isNaN(version)) throw recordBroken(path);
  return record;
}
