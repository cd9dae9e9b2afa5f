import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { GantryError } from '#kit';
import { algorithmOf, digestOf, isDigest, referrersTag, shortId } from '../digest.ts';
import { digestMismatch, notAvailable } from '../errors.ts';
import { INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX } from '../media-types.ts';
import type { Descriptor, Digest } from '../types.ts';
import { download } from './download.ts';
import { readBody } from './http.ts';
import { nextPage, pagedNames, PAGES_MAX } from './paged.ts';
import type { RegistrySession } from './session.ts';
import { type Uploaded, upload } from './upload.ts';

/** A manifest as a registry sent it, its digest verified. */
export interface RemoteManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');
const TAGS_AT_ONCE = 1_000;
/** Who looks up what it has already is not patient. */
const LOOKUP_MS_MAX = 5_000;

/** One repository of a registry, thing by thing (OCI distribution-spec). Errors of all: `REGISTRY_FAILED`, 404 where it has no such thing. */
export class RemoteRepository {
  readonly #session: RegistrySession;

  constructor(session: RegistrySession) {
    this.#session = session;
  }

  /** The same repository for work that ends with the signal. */
  until(signal: AbortSignal): RemoteRepository {
    return new RemoteRepository(this.#session.until(signal));
  }

  /** The same repository for what is not worth waiting for: nothing is tried twice. */
  impatient(): RemoteRepository {
    return new RemoteRepository(this.#session.impatient());
  }

  get name(): string {
    return `${this.#session.host}/${this.#session.repository}`;
  }

  /** By tag or digest. Errors: `DIGEST_INVALID` for other bytes than those asked for. */
  async manifest(reference: string): Promise<RemoteManifest> {
    const answer = await this.#ask('GET', `manifests/${reference}`, `fetch ${this.#named(reference)}`, { accept: ACCEPT });
    const bytes = await readBody(answer);
    const claimed = isDigest(reference) ? reference : digestOfHeader(answer);
    const digest = digestOf(bytes, claimed && algorithmOf(claimed));
    if (claimed !== undefined && claimed !== digest) throw digestMismatch(claimed, digest);
    return { digest, mediaType: answer.headers['content-type']?.split(';')[0] ?? '', bytes };
  }

  /** The digest that a tag stands for, where the registry says it without sending the manifest. */
  async digestOf(reference: string): Promise<Digest | undefined> {
    const url = this.#session.url(`manifests/${reference}`);
    const answer = await this.#session.send({ method: 'HEAD', url, headers: { accept: ACCEPT }, timeout_ms: LOOKUP_MS_MAX });
    if (answer.statusCode !== 200) throw await this.#session.failure(answer, `look up ${this.#named(reference)}`);
    answer.resume();
    return digestOfHeader(answer);
  }

  /** How many bytes a blob has. */
  async blobSize(digest: Digest): Promise<number> {
    const what = `look up blob ${digest} of ${this.name}`;
    const answer = await this.#ask('HEAD', `blobs/${digest}`, what);
    answer.resume();
    const size = Number(answer.headers['content-length']);
    if (!Number.isSafeInteger(size)) throw notAvailable(`Cannot ${what}: the registry does not say how long it is`, 502);
    return size;
  }

  /** A blob's bytes, to be verified by the reader; see `download`. */
  blob(blob: Descriptor): Readable {
    return download(this.#session, blob, `fetch blob ${shortId(blob.digest)} of ${this.name}`);
  }

  /** A blob of few bytes, verified. */
  async smallBlob(blob: Descriptor): Promise<Buffer> {
    const bytes = Buffer.concat(await this.blob(blob).toArray());
    const digest = digestOf(bytes, algorithmOf(blob.digest));
    if (digest !== blob.digest) throw digestMismatch(blob.digest, digest);
    return bytes;
  }

  /** Brings a blob there; see `upload`. `from` is a repository of the same registry that may have it. */
  pushBlob(blob: Pick<Descriptor, 'digest' | 'size'>, content: () => Promise<Readable>, from?: string): Promise<Uploaded> {
    const what = `push blob ${shortId(blob.digest)} to ${this.name}`;
    return upload(this.#session, { blob, content, what, ...(from === undefined ? {} : { from }) });
  }

  async pushManifest(reference: string, { bytes, mediaType }: Pick<RemoteManifest, 'bytes' | 'mediaType'>): Promise<void> {
    const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) };
    const answer = await this.#session.send({ method: 'PUT', url: this.#session.url(`manifests/${reference}`), headers, body: bytes });
    if (answer.statusCode !== 201) throw await this.#session.failure(answer, `push ${this.#named(reference)}`);
    answer.resume();
  }

  /** Removes a tag, or a manifest with its tags by its digest. */
  async remove(reference: string): Promise<void> {
    const answer = await this.#session.send({ method: 'DELETE', url: this.#session.url(`manifests/${reference}`) });
    if (answer.statusCode !== 202 && answer.statusCode !== 204) throw await this.#session.failure(answer, `remove ${this.#named(reference)}`);
    answer.resume();
  }

  tags(): Promise<readonly string[]> {
    return pagedNames(this.#session, this.#session.url(`tags/list?n=${TAGS_AT_ONCE}`), 'tags', `list the tags of ${this.name}`);
  }

  /** What names that digest as its subject; of a registry without that list it is read from the tag that stands for it (distribution-spec, "Referrers Tag Schema"). */
  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    let url: URL | undefined = this.#session.url(`referrers/${digest}`);
    for (let page = 0; url !== undefined; page += 1) {
      if (page === PAGES_MAX) throw notAvailable(`Cannot list what refers to ${digest} in ${this.name}: the list has more than ${PAGES_MAX} pages`, 502);
      const answer: IncomingMessage = await this.#session.send({ method: 'GET', url, headers: { accept: OCI_INDEX } });
      if (answer.statusCode !== 200 || !answer.headers['content-type']?.startsWith(OCI_INDEX)) {
        answer.resume();
        return await manifestsIn(await this.#byTag(digest));
      }
      found.push(...(await manifestsIn(await readBody(answer))));
      url = nextPage(answer, url);
    }
    return found;
  }

  async #byTag(digest: Digest): Promise<Buffer | undefined> {
    try {
      return (await this.manifest(referrersTag(digest))).bytes;
    } catch (error) {
      if (error instanceof GantryError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #ask(method: 'GET' | 'HEAD', path: string, what: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    const answer = await this.#session.send({ method, url: this.#session.url(path), headers });
    if (answer.statusCode !== 200) throw await this.#session.failure(answer, what);
    return answer;
  }

  #named(reference: string): string {
    return isDigest(reference) ? `${this.name}@${reference}` : `${this.name}:${reference}`;
  }
}

async function manifestsIn(bytes: Buffer | undefined): Promise<readonly Descriptor[]> {
  if (bytes === undefined) return [];
  const { parseManifest, isIndex } = await import('../manifest.ts');
  const index = parseManifest(bytes, OCI_INDEX);
  return isIndex(index) ? index.manifests : [];
}

function digestOfHeader({ headers }: IncomingMessage): Digest | undefined {
  const value = headers['docker-content-digest'];
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}
