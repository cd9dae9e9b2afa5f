import { open, type RootDatabase } from 'lmdb';
import { compacted, StoreError } from './errors.ts';
import { bytesOf } from './late.ts';
import type { EntryId, Journal, JournalEntry, LeaseRecord } from './journal.ts';
import type { LeaseId, Revision } from './types.ts';

/** 2: several entries may have one revision. 3: there are leases. */
const FORMAT_VERSION = 3;
const COUNTERS = 'counters';
const END_OF_HEAD = 0x0a;
/** In place of a value that is read when it is asked for. */
const LEFT = new Uint8Array(0);
interface Counters {
  readonly formatVersion: number;
  readonly revision: Revision;
  readonly compacted: Revision;
}

/** The first of a revision stands under the revision itself. */
type Key = Revision | [Revision, number];

const keyOf = ({ revision, part = 0 }: EntryId): Key => (part === 0 ? revision : [revision, part]);

/**
 * A journal in one LMDB file at `path`. Each entry stands under its revision: a line of JSON, then the value's bytes. Each lease stands
 * under its id. Errors: `NEWER_FORMAT`.
 */
export function openLmdbJournal(path: string): Journal {
  // Asynchronous puts share a commit; without overlapping syncs a put resolves only when it is durable.
  const root: RootDatabase = open({ path, overlappingSync: false, maxDbs: 3, maxReaders: 16 });
  const log = root.openDB<Buffer, Key>('log', { encoding: 'binary' });
  const leases = root.openDB<string, LeaseId>('leases', { encoding: 'string' });
  const meta = root.openDB<string, string>('meta', { encoding: 'string' });
  const setCounters = (counters: Omit<Counters, 'formatVersion'>) => meta.put(COUNTERS, JSON.stringify({ ...counters, formatVersion: FORMAT_VERSION }));
  let forgottenBefore = 0;
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
      if (text === undefined || counters.formatVersion < FORMAT_VERSION) await setCounters(counters);
      const entries = [...log.getRange({}).map(({ key, value }) => decode(key, value))];
      // Written by `keepLeases` only.
      const held = [...leases.getRange({})].map(({ value }) => JSON.parse(value) as LeaseRecord);
      forgottenBefore = counters.compacted;
      return { entries, leases: held, revision: Math.max(counters.revision, entries.at(-1)?.revision ?? 0), compacted: counters.compacted };
    },
    async append(entries, ended) {
      const [only, ...more] = entries;
      if (ended !== undefined) {
        await root.transaction(() => {
          for (const entry of entries) void log.put(keyOf(entry), encode(entry));
          void leases.remove(ended);
        });
      } else if (only !== undefined && more.length === 0) await log.put(keyOf(only), encode(only));
      else await log.batch(() => entries.forEach((entry) => void log.put(keyOf(entry), encode(entry))));
    },
    read(entry) {
      const key = keyOf(entry);
      let bytes = log.get(key);
      if (bytes === undefined) {
        // What was written since this turn of the event loop began to read is seen by another transaction.
        root.resetReadTxn();
        bytes = log.get(key);
      }
      if (bytes === undefined) throw compacted(entry.revision, forgottenBefore);
      return new Uint8Array(bytes.subarray(bytes.indexOf(END_OF_HEAD) + 1));
    },
    async keepLeases(records) {
      await leases.batch(() => records.forEach((record) => void leases.put(record.id, JSON.stringify(record))));
    },
    async compact(forgotten, counters) {
      forgottenBefore = counters.compacted;
      await root.transaction(() => {
        for (const entry of forgotten) void log.remove(keyOf(entry));
        void setCounters(counters);
      });
    },
    close: () => root.close(),
  };
}

function encode({ key, createRevision, value, time_ms, lease }: JournalEntry): Buffer {
  const head = Buffer.from(`${JSON.stringify({ key, createRevision, deleted: value === undefined, time_ms, lease })}\n`);
  return value === undefined ? head : Buffer.concat([head, bytesOf(value)]);
}

function decode(place: Key, bytes: Buffer): JournalEntry {
  const [revision, part] = typeof place === 'number' ? [place, 0] : place;
  const end = bytes.indexOf(END_OF_HEAD);
  // Written by `encode` only.
  const head = JSON.parse(bytes.toString('utf8', 0, end)) as { key: string; createRevision: Revision; deleted: boolean; time_ms?: number; lease?: LeaseId };
  const { key, createRevision, time_ms, lease } = head;
  const entry = { revision, part, key, createRevision, ...(time_ms === undefined ? {} : { time_ms }), ...(lease === undefined ? {} : { lease }) };
  return head.deleted ? entry : { ...entry, value: LEFT, isLeft: true };
}
