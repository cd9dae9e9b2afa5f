import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BuildStepError } from '../errors.ts';
import type { UrlOperation } from '../plan/graph.ts';
import { keyOf } from '../plan/keys.ts';
import type { BuildSession } from '../session.ts';
import { ask } from './ask.ts';
import type { Fetched } from './fetched.ts';

/** The one file in the folder of a fetched URL. */
const FILE = 'file';

/** Fetches a URL, or takes what it gave before where the server says that it is the same. Errors: `BUILD_STEP_FAILED`. */
export async function fetchUrl(session: BuildSession, { url, checksum }: UrlOperation): Promise<Fetched> {
  const { cache } = session.rooms;
  const key = keyOf(['url', url]);
  session.holdCached(key);
  const before = session.request.noCache ? undefined : await cache.find(key, 'files');
  if (before && checksum !== undefined && before.facts.sha256 === checksum) return fetchedOf(session, key, url, before.facts);
  const response = await ask(session, url, 'ADD failed', before?.facts.etag === undefined ? {} : { 'if-none-match': before.facts.etag });
  if (response.status === 304 && before) {
    await response.body?.cancel();
    return checked(fetchedOf(session, key, url, before.facts), checksum);
  }
  if (!response.ok || response.body === null) throw new BuildStepError(`ADD failed: ${url}: the server answered ${response.status} ${response.statusText}`);
  const facts = await store(session, key, response, response.body);
  await cache.remember(key, { what: `ADD ${url}`, bytes: Number(facts.size), created_ms: session.options.clock.now() }, { kind: 'files', facts });
  return checked(fetchedOf(session, key, url, facts), checksum);
}

/** Writes the body aside, then puts it in its place in the cache. */
async function store(session: BuildSession, key: string, response: Response, body: ReadableStream<Uint8Array>): Promise<Record<string, string>> {
  const folder = await session.newFolder();
  const hash = createHash('sha256');
  let size = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const path = join(folder, FILE);
  await pipeline(Readable.fromWeb(body), tap, createWriteStream(path, { mode: 0o600, flush: true }), { signal: session.signal });
  await chmod(path, 0o600);
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  // Without a date the moment of the epoch says that none is known, and the same content gives the same layer.
  await utimes(path, (Number.isNaN(modified) ? 0 : modified) / 1000, (Number.isNaN(modified) ? 0 : modified) / 1000);
  const place = session.rooms.cache.folderOf(key);
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, '..'), { recursive: true });
  await rename(folder, place);
  const etag = response.headers.get('etag');
  return {
    sha256: `sha256:${hash.digest('hex')}`,
    size: String(size),
    name: nameOf(response),
    ...(etag === null ? {} : { etag }),
  };
}

function fetchedOf(session: BuildSession, key: string, url: string, facts: Readonly<Record<string, string>>): Fetched {
  return { root: session.rooms.cache.folderOf(key), name: facts.name ?? '', hash: facts.sha256 ?? '', what: url };
}

function checked(fetched: Fetched, checksum: string | undefined): Fetched {
  if (checksum !== undefined && fetched.hash !== checksum)
    throw new BuildStepError(`ADD failed: ${fetched.what} has the digest ${fetched.hash}, and --checksum says ${checksum}`);
  return fetched;
}

/** What the server calls the file, or else the end of its address. */
function nameOf(response: Response): string {
  const disposition = response.headers.get('content-disposition') ?? '';
  const told = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i.exec(disposition)?.[1];
  const name = posix.basename(told ?? decodeURIComponent(new URL(response.url).pathname));
  return name === '.' || name === '..' ? '' : name;
}
