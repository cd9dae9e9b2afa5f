import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '#kit';
import type { Package } from './packages.ts';
import type { RpmAnswer } from './rpm.ts';
import { asPackage, parseRpmHeader } from './rpm-header.ts';

// The entry of a worker thread: the database is of an image, so it is trusted in nothing, and reading it takes as long as it is large.

const PACKAGES_MAX = 20_000;
const BYTES_MAX = 1024 * 1024 * 1024;

parentPort?.postMessage(answerFor(String(workerData)));

function answerFor(path: string): RpmAnswer {
  try {
    const place = pathToFileURL(path);
    // Nothing is written, and no file beside it is opened, which might be a link to elsewhere.
    place.search = '?mode=ro&immutable=1';
    const database = new DatabaseSync(place, { readOnly: true, allowExtension: false });
    try {
      return { packages: packagesIn(database) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function packagesIn(database: DatabaseSync): readonly Package[] {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  // A view of that name, or a column that is computed, could be a program of its own: neither is without brackets.
  const table = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'Packages'").get();
  if (typeof table?.sql !== 'string' || !/^CREATE TABLE\s[^()]*\([^()]*\)\s*$/i.test(table.sql)) throw new Error('it has no table Packages');
  const found: Package[] = [];
  let [count, bytes] = [0, 0];
  for (const { blob } of database.prepare('SELECT blob FROM Packages').iterate()) {
    if (!(blob instanceof Uint8Array)) continue;
    bytes += blob.length;
    count += 1;
    if (count > PACKAGES_MAX || bytes > BYTES_MAX) throw new Error('it has more packages than can be told');
    found.push(...asPackage(parseRpmHeader(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength))));
  }
  return found;
}
