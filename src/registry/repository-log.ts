import { mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, removeDurable } from '#kit';
import { fileName, isDigest, RecordFolder, type RecordFormat } from '#image';
import type { Change, RepositoryRecord } from './repository.ts';
import { logBroken } from './errors.ts';

type Raw = Readonly<Record<string, unknown>>;

/**
 * Version 1 kept a plain list of blobs, manifests without times and tags as digests. Sizes of blobs are asked for at the start; the times become
 * that of the migration, so that no rule of retention takes for old what may be new.
 */
const formatAt = (now_ms: number): RecordFormat<RepositoryRecord> => ({
  version: 2,
  parse({ name, sequence, blobs, manifests, tags }) {
    if (typeof name !== 'string' || typeof sequence !== 'number' || !isRecord(blobs) || !isRecord(manifests) || !isRecord(tags)) return undefined;
    if (![...Object.keys(blobs), ...Object.keys(manifests)].every(isDigest)) return undefined;
    // A cast because the entries are this file's own writing.
    return { name, sequence, blobs, manifests, tags } as RepositoryRecord;
  },
  migrations: {
    1: ({ blobs, manifests, tags, ...others }) => {
      const times = { pushed_ms: now_ms, untagged_ms: now_ms };
      return {
        ...others,
        sequence: 0,
        blobs: Object.fromEntries((Array.isArray(blobs) ? blobs : []).map((digest: unknown) => [String(digest), { size: -1, linked_ms: now_ms }])),
        manifests: Object.fromEntries(entriesOf(manifests).map(([digest, entry]) => [digest, { ...(isRecord(entry) ? entry : {}), ...times }])),
        tags: Object.fromEntries(entriesOf(tags).map(([tag, digest]) => [tag, { digest, tagged_ms: now_ms }])),
      };
    },
  },
});

interface Line {
  readonly v: 1;
  readonly name: string;
  readonly n: number;
  readonly change: Change;
}
export interface Loaded {
  readonly record: RepositoryRecord | undefined;
  readonly changes: readonly { readonly n: number; readonly change: Change }[];
  readonly log_bytes: number;
}

/**
 * Repositories on disk: a whole record each, and beside it a log of the changes since, one line each, so that a push into a large repository
 * writes a line and not the repository. A line that a kill cut off was never acknowledged, and is cut away.
 */
export class RepositoryLog {
  readonly #folder: string;
  readonly #records: RecordFolder<RepositoryRecord>;

  constructor(dataDir: string, now_ms: number) {
    this.#folder = join(dataDir, 'repository-logs');
    this.#records = new RecordFolder(join(dataDir, 'repositories'), formatAt(now_ms));
  }

  /** Errors: `FORMAT_TOO_NEW`, `RECORD_BROKEN`. */
  async load(): Promise<ReadonlyMap<string, Loaded>> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const found = new Map<string, Loaded>();
    for (const [name, record] of await this.#records.load()) found.set(name, { record, changes: [], log_bytes: 0 });
    for (const file of await readdir(this.#folder)) {
      const path = join(this.#folder, file);
      const { lines, bytes } = await readLog(path);
      const name = lines[0]?.name;
      if (name === undefined) {
        await rm(path, { force: true });
        continue;
      }
      const record = found.get(name)?.record;
      const changes = lines.filter(({ n }) => n > (record?.sequence ?? 0));
      found.set(name, { record, changes, log_bytes: bytes });
    }
    return found;
  }

  /** Adds one line, durable when it resolves; answers the log's bytes. */
  async append(name: string, n: number, change: Change): Promise<number> {
    const line: Line = { v: 1, name, n, change };
    const path = this.#path(name);
    let bytes: number;
    let isNew: boolean;
    {
      await using file = await open(path, 'a', 0o600);
      const { size } = await file.stat();
      try {
        await file.writeFile(`${JSON.stringify(line)}\n`);
        await file.datasync();
      } catch (error) {
        // On a full disk no half line may stand before the next one.
        await file.truncate(size);
        throw error;
      }
      bytes = (await file.stat()).size;
      isNew = size === 0;
    }
    if (isNew) await syncFolder(this.#folder);
    return bytes;
  }

  /** Writes the whole record, after which the log begins anew. A kill in between leaves lines that the record has already: their numbers tell. */
  async compact(record: RepositoryRecord): Promise<void> {
    await this.#records.put(record.name, record);
    await removeDurable(this.#path(record.name));
  }

  /** The log goes last: a record whose log is gone would be an older state of it. */
  async remove(name: string): Promise<void> {
    await this.#records.remove(name);
    await removeDurable(this.#path(name));
  }

  #path(name: string): string {
    return join(this.#folder, `${fileName(name)}.log`);
  }
}

async function readLog(path: string): Promise<{ readonly lines: readonly Line[]; readonly bytes: number }> {
  const text = await readFile(path);
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) await truncate(path, end);
  const lines = text
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseLine(path, line));
  return { lines, bytes: end };
}

function parseLine(path: string, text: string): Line {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    throw logBroken(path, error);
  }
  if (!isRecord(line) || line.v !== 1 || typeof line.name !== 'string' || typeof line.n !== 'number' || !isRecord(line.change)) throw logBroken(path);
  return line as unknown as Line; // this file's own writing, of the version it knows
}

async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
