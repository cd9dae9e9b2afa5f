import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { StoreError } from './errors.ts';
import type { JournalEntry, LeaseRecord } from './journal.ts';
import { leasesOf } from './content.ts';
import type { LeaseId, Revision, Store } from './types.ts';

/**
 * A backup is lines of text: what it is, one line for each key as of one revision, one for each lease that keys are bound to, and a checksum over all lines before. It can be looked
 * through with any tool, and a file that was cut short or changed is noticed.
 */
const FORMAT = 'gantry-store-backup';
/** 2: there are leases. */
const FORMAT_VERSION = 2;
const PIECE_ITEMS = 1000;
/**
 * What a restored store's revisions are ahead of all that were ever told: whoever watched the lost present is told that it is gone, and
 * is not given another past under its numbers.
 */
const AHEAD = 1_000_000_000;

interface Head {
  readonly format: string;
  readonly formatVersion: number;
  readonly revision: Revision;
  readonly count: number;
}
interface Line {
  readonly key: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly value: string;
  readonly lease?: LeaseId;
}

/** All that stands in the store at one revision, while writes go on. Errors: `COMPACTED` where reading it takes longer than history is kept. */
export async function* backupOf(store: Store): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const lines = (all: readonly object[]) => {
    const bytes = Buffer.from(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
    hash.update(bytes);
    return bytes;
  };
  const bound = new Set<LeaseId>();
  let piece = await store.range('', { limit: PIECE_ITEMS });
  const { revision, count } = piece;
  yield lines([{ format: FORMAT, formatVersion: FORMAT_VERSION, revision, count } satisfies Head]);
  for (;;) {
    yield lines(piece.items.map(({ value, ...rest }): Line => ({ ...rest, value: Buffer.from(value).toString('base64') })));
    for (const { lease } of piece.items) if (lease !== undefined) bound.add(lease);
    const last = piece.items.at(-1);
    if (!piece.more || last === undefined) break;
    piece = await store.range('', { limit: PIECE_ITEMS, after: last.key, revision });
  }
  if (bound.size > 0) yield lines((await leasesOf(store, bound)).map(({ id, ...rest }) => ({ leaseId: id, ...rest })));
  yield Buffer.from(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
}

export interface Restored {
  readonly keys: number;
  /** As of which the backup was made. */
  readonly revision: Revision;
}

/**
 * Makes the LMDB store at `path` what the backup says, whole or not at all; nothing may have it open. Its revisions go on past those of the
 * backup and of the store that stands there. Errors: `BACKUP_INVALID`, `NEWER_FORMAT`; nothing is changed then.
 */
export async function restoreLmdbStore(path: string, lines: AsyncIterable<string>): Promise<Restored> {
  const { head, entries, leases } = await readBackup(lines);
  const ahead = Math.max(head.revision, await revisionAt(path)) + AHEAD;
  const fresh = `${path}.restoring`;
  await removeStore(fresh);
  const { openLmdbJournal } = await import('./lmdb-journal.ts');
  const journal = openLmdbJournal(fresh);
  try {
    await journal.load();
    await journal.keepLeases(leases);
    await Promise.all(
      Map.groupBy(entries, ({ revision }) => revision)
        .values()
        .map((group) => journal.append(group.map((entry, part) => ({ ...entry, part })))),
    );
    await journal.compact([], { revision: ahead, compacted: ahead });
  } finally {
    await journal.close();
  }
  await removeStore(path, 'lock');
  await rename(fresh, path);
  await removeStore(fresh, 'lock');
  return { keys: entries.length, revision: head.revision };
}

/** The last revision of the store that stands there, 0 for none. */
async function revisionAt(path: string): Promise<Revision> {
  const { openLmdbJournal } = await import('./lmdb-journal.ts');
  const journal = openLmdbJournal(path);
  try {
    return (await journal.load()).revision;
  } finally {
    await journal.close();
  }
}

/** LMDB keeps its readers' table beside the file. */
async function removeStore(path: string, what: 'all' | 'lock' = 'all'): Promise<void> {
  await rm(`${path}-lock`, { force: true });
  if (what === 'all') await rm(path, { force: true });
}

/** The whole backup, checked. The entries are in the order of their revisions, as a journal has them. */
async function readBackup(lines: AsyncIterable<string>): Promise<{
  readonly head: Head;
  readonly entries: readonly JournalEntry[];
  readonly leases: readonly LeaseRecord[];
}> {
  const hash = createHash('sha256');
  const entries: JournalEntry[] = [];
  const leases: LeaseRecord[] = [];
  let head: Head | undefined;
  let sum: string | undefined;
  for await (const line of lines) {
    if (sum !== undefined) throw invalid('something follows its checksum');
    const value = parsed(line);
    if (head !== undefined && typeof value.sha256 === 'string') sum = value.sha256;
    else {
      hash.update(`${line}\n`);
      if (head === undefined) head = headOf(value);
      else if ('leaseId' in value) leases.push(leaseOf(value));
      else entries.push(entryOf(value));
    }
  }
  if (head === undefined) throw invalid('it is empty');
  if (sum === undefined) throw invalid('it was cut short');
  if (sum !== hash.digest('hex')) throw invalid('its checksum does not fit what is in it');
  if (entries.length !== head.count) throw invalid(`it has ${entries.length} keys of ${head.count}`);
  return { head, entries: entries.sort((a, b) => a.revision - b.revision), leases };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    // An object, as is looked at here.
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw invalid('a line of it is no JSON', error);
  }
  throw invalid('a line of it is no object');
}

function headOf({ format, formatVersion, revision, count }: Readonly<Record<string, unknown>>): Head {
  if (format !== FORMAT || typeof formatVersion !== 'number' || typeof revision !== 'number' || typeof count !== 'number')
    throw invalid('it does not begin as one');
  if (formatVersion > FORMAT_VERSION)
    throw new StoreError(
      'NEWER_FORMAT',
      400,
      `Cannot restore the backup: its format ${formatVersion} is newer than this program's ${FORMAT_VERSION}. Use the Gantry that wrote it`,
    );
  return { format, formatVersion, revision, count };
}

function leaseOf({ leaseId, ttl_s, left_s }: Readonly<Record<string, unknown>>): LeaseRecord {
  if (typeof leaseId !== 'number' || typeof ttl_s !== 'number' || typeof left_s !== 'number') throw invalid('a line of it is no lease');
  return { id: leaseId, ttl_s, left_s };
}

function entryOf({ key, createRevision, modRevision, value, lease }: Readonly<Record<string, unknown>>): JournalEntry {
  if (typeof key !== 'string' || typeof createRevision !== 'number' || typeof modRevision !== 'number' || typeof value !== 'string')
    throw invalid('a line of it is no key');
  const bound = typeof lease === 'number' ? { lease } : {};
  return { key, createRevision, revision: modRevision, value: Buffer.from(value, 'base64'), ...bound };
}

function invalid(why: string, cause?: unknown): StoreError {
  return new StoreError('BACKUP_INVALID', 400, `Cannot restore the backup: ${why}. Take another one`, { cause });
}
