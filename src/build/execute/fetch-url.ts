import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, rename, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BuildStepError } from '../errors.ts';
import type { UrlOperation } from '../plan/graph.ts';
import { keyOf } from '../plan/keys.ts';
import { publicAddress } from '../attest/provenance.ts';
import type { BuildSession } from '../session.ts';
import { ask } from './ask.ts';
import type { Fetched } from './fetched.ts';

/** The one file in the folder of a fetched URL. */
const FILE = 'file';

/** What a server said of a URL's content, and where that is. */
type Facts = Readonly<Record<string, string>>;

/** Fetches a URL, or takes what it gave before where the server says that it is the same. Errors: `BUILD_STEP_FAILED`. */
export async function fetchUrl(session: BuildSession, operation: UrlOperation): Promise<Fetched> {
  const fetched = await fetchOnce(session, operation);
  session.materials.push({ uri: publicAddress(operation.url), digest: { sha256: fetched.hash.replace(/^sha256:/, '') } });
  return fetched;
}

async function fetchOnce(session: BuildSession, { url, checksum }: UrlOperation): Promise<Fetched> {
  const before = session.request.noCache ? undefined : await known(session, url);
  if (before && checksum !== undefined && before.sha256 === checksum) return fetchedOf(session, url, before);
  const response = await ask(session, url, 'ADD failed', before?.etag === undefined ? {} : { 'if-none-match': before.etag });
  if (response.status === 304 && before) {
    await response.body?.cancel();
    return checked(fetchedOf(session, url, before), checksum);
  }
  if (!response.ok || response.body === null) throw new BuildStepError(`ADD failed: ${url}: the server answered ${response.status} ${response.statusText}`);
  return checked(fetchedOf(session, url, await store(session, url, response, response.body)), checksum);
}

/** What was fetched from the URL last, if its content is still here. Content has a place of its own, so that nobody's is ever replaced. */
async function known(session: BuildSession, url: string): Promise<Facts | undefined> {
  const { cache } = session.rooms;
  const place = (await cache.find(keyOf(['url', url]), 'files'))?.facts.content;
  if (place === undefined) return undefined;
  session.holdCached(place);
  return (await cache.find(place, 'files'))?.facts;
}

/** Writes the body aside, then puts it in its place in the cache. */
async function store(session: BuildSession, url: string, response: Response, body: ReadableStream<Uint8Array>): Promise<Facts> {
  const { cache } = session.rooms;
  const folder = await session.newFolder();
  const { sha256, size } = await write(session, join(folder, FILE), response, body);
  const content = keyOf(['url content', url, sha256, response.headers.get('last-modified')]);
  const etag = response.headers.get('etag');
  const facts = { content, sha256, name: nameOf(response), ...(etag === null ? {} : { etag }) };
  session.holdCached(content);
  const entry = { what: `ADD ${url}`, bytes: size, created_ms: session.options.clock.now() };
  if (!(await cache.find(content, 'files'))) {
    await rename(folder, cache.folderOf(content));
    await cache.remember(content, entry, { kind: 'files', facts });
  }
  await cache.remember(keyOf(['url', url]), { ...entry, bytes: 0 }, { kind: 'files', facts });
  return facts;
}

async function write(session: BuildSession, path: string, response: Response, body: ReadableStream<Uint8Array>): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(body), tap, createWriteStream(path, { mode: 0o600, flush: true }), { signal: session.signal });
  await chmod(path, 0o600);
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  // Without a date the moment of the epoch says that none is known, and the same content gives the same layer.
  const time_s = (Number.isNaN(modified) ? 0 : modified) / 1_000;
  await utimes(path, time_s, time_s);
  return { sha256: `sha256:${hash.digest('hex')}`, size };
}

function fetchedOf(session: BuildSession, url: string, facts: Facts): Fetched {
  return { root: session.rooms.cache.folderOf(facts.content ?? ''), name: facts.name ?? '', hash: facts.sha256 ?? '', what: url };
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
