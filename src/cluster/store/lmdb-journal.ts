import { open, type RootDatabase } from 'lmdb';
import { StoreError } from './errors.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { Revision } from './types.ts';

const FORMAT_VERSION = 1;
const COUNTERS = 'counters';
interface Counters {
  readonly formatVersion: number;
  readonly revision: Revision;
  readonly compacted: Revision;
}

/**
 * A journal in one LMDB file at `path`. Each entry stands under its revision: a line of JSON, then the value's bytes. Errors:
 * `NEWER_FORMAT`.
 */
export function openLmdbJournal(path: string): Journal {
  // Asynchronous puts share a commit; without overlapping syncs a put resolves only when it is durable.
  const root: RootDatabase = open({ path, overlappingSync: false, maxDbs: 2, maxReaders: 16 });
  const log = root.openDB<Buffer, Revision>('log', { encoding: 'binary' });
  const meta = root.openDB<string, string>('meta', { encoding: 'string' });
  const setCounters = (counters: Omit<Counters, 'formatVersion'>) => meta.put(COUNTERS, JSON.stringify({ formatVersion: FORMAT_VERSION, ...counters }));
  return {
    async load() {
      const text = meta.get(COUNTERS);
      // Written by setCounters only.
      const counters = text === undefined ? { formatVersion: FORMAT_VERSION, revision: 0, compacted: 0 } : (JSON.parse(text) as Counters);
      if (counters.formatVersion > FORMAT_VERSION) {
        throw new StoreError(
          'NEWER_FORMAT',
          500,
          `Cannot open ${path}: its format ${counters.formatVersion} is newer than this program's ${FORMAT_VERSION}. Use the Gantry that wrote it`,
        );
      }
      if (text === undefined) await setCounters(counters);
      const entries = [...log.getRange({})].map(({ key, value }) => decode(key, value));
      return { entries, revision: Math.max(counters.revision, entries.at(-1)?.revision ?? 0), compacted: counters.compacted };
    },
    async append(entry) {
      await log.put(entry.revision, encode(entry));
    },
    async compact(forgotten, counters) {
      await root.transaction(() => {
        for (const revision of forgotten) void log.remove(revision);
        void setCounters(counters);
      });
    },
    close: () => root.close(),
  };
}

function encode({ key, createRevision, value }: JournalEntry): Buffer {
  const head = Buffer.from(`${JSON.stringify({ key, createRevision, deleted: value === undefined })}\n`);
  return value === undefined ? head : Buffer.concat([head, value]);
}

function decode(revision: Revision, bytes: Buffer): JournalEntry {
  const end = bytes.indexOf(0x0a);
  // Written by `encode` only.
  const head = JSON.parse(bytes.toString('utf8', 0, end)) as { key: string; createRevision: Revision; deleted: boolean };
  const { key, createRevision } = head;
  return head.deleted ? { revision, key, createRevision } : { revision, key, createRevision, value: Uint8Array.from(bytes.subarray(end + 1)) };
}
