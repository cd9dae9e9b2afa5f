import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isSystemError } from '#kit';
import { type Digest, type ImageStore, isRepository, RecordFolder, type RecordFormat, type Upload } from '#image';
import { asDigest } from './blobs.ts';
import { digestInvalid, RegistryError, unsupported, uploadUnknown } from './errors.ts';
import { answer, type Exchange } from './http/exchange.ts';
import { InFlight } from './in-flight.ts';
import type { Repositories } from './repositories.ts';
import type { BlobStorage } from './storage/types.ts';

interface UploadRecord {
  readonly repository: string;
}
const FORMAT: RecordFormat<UploadRecord> = { version: 1, parse: ({ repository }) => (typeof repository === 'string' ? { repository } : undefined) };

export interface UploadsOptions {
  readonly dataDir: string;
  /** Whose blobs may be mounted under the names they have there. */
  readonly images: ImageStore;
  readonly storage: BlobStorage;
  readonly repositories: Repositories;
  /** Bytes that a repository may have. */
  readonly quotaOf: (name: string) => number;
}

/** Blobs on their way in (distribution-spec, "Pushing blobs"): whole, in pieces, or mounted from another repository. They survive a restart. */
export class Uploads {
  readonly #images: ImageStore;
  readonly #storage: BlobStorage;
  readonly #inFlight: InFlight;
  readonly #repositories: Repositories;
  readonly #records: RecordFolder<UploadRecord>;
  #open = new Map<string, UploadRecord>();

  constructor({ dataDir, images, storage, repositories, quotaOf }: UploadsOptions) {
    this.#images = images;
    this.#storage = storage;
    this.#inFlight = new InFlight(repositories, quotaOf);
    this.#repositories = repositories;
    this.#records = new RecordFolder(join(dataDir, 'uploads'), FORMAT);
  }

  async open(): Promise<void> {
    this.#open = await this.#records.load();
    for (const [id, { repository }] of this.#open) {
      const upload = await this.#storage.openUpload(id);
      if (upload) this.#inFlight.set(repository, id, upload.size);
      else await this.#forget(id);
    }
  }

  /** Uploads that were begun and not ended. */
  get count(): number {
    return this.#open.size;
  }

  /** POST to `/v2/NAME/blobs/uploads/`. */
  async begin(exchange: Exchange, name: string): Promise<void> {
    if (exchange.request.method !== 'POST') throw unsupported(`${exchange.request.method} of uploads`, 'POST');
    const { searchParams } = exchange.url;
    const [mount, from, whole] = ['mount', 'from', 'digest'].map((key) => searchParams.get(key));
    if (mount && (await this.#mount(exchange, name, asDigest(mount), from ?? undefined))) return created(exchange, name, asDigest(mount));
    if (whole) {
      const digest = asDigest(whole);
      await this.#whole(exchange, name, digest);
      return created(exchange, name, digest);
    }
    const upload = await this.#storage.startUpload();
    await this.#records.put(upload.id, { repository: name });
    this.#open.set(upload.id, { repository: name });
    answer(exchange, 202, progress(name, upload));
  }

  /** PATCH, PUT, GET and DELETE of `/v2/NAME/blobs/uploads/ID`. */
  async serve(exchange: Exchange, name: string, id: string): Promise<void> {
    const upload = this.#open.get(id)?.repository === name ? await this.#storage.openUpload(id) : undefined;
    if (!upload) throw uploadUnknown(id);
    switch (exchange.request.method) {
      case 'GET':
        return answer(exchange, 204, progress(name, upload));
      case 'PATCH':
        await this.#append(exchange, name, upload);
        return answer(exchange, 202, progress(name, upload));
      case 'PUT':
        return this.#finish(exchange, name, upload);
      case 'DELETE':
        await upload.cancel();
        await this.#forget(id);
        return answer(exchange, 204);
      default:
        throw unsupported(`${exchange.request.method} of an upload`, 'GET, PATCH, PUT, DELETE');
    }
  }

  /** A blob that comes in the one request. */
  async #whole(exchange: Exchange, name: string, digest: Digest): Promise<void> {
    const key = {};
    try {
      const content = Readable.from(this.#inFlight.count(name, key, exchange.request, 0), { objectMode: false });
      await this.#storage.write(content, { digest });
      await this.#repositories.linkBlob(name, digest);
    } finally {
      this.#inFlight.forget(name, key);
    }
  }

  async #append(exchange: Exchange, name: string, upload: Upload): Promise<void> {
    checkRange(exchange, name, upload);
    const length = Number(exchange.request.headers['content-length'] ?? 0);
    this.#inFlight.check(name, upload.id, upload.size + length);
    try {
      await upload.append(Readable.from(this.#inFlight.count(name, upload.id, exchange.request, upload.size), { objectMode: false }));
    } catch (error) {
      // Another request cancelled it, or a collection gave it up.
      throw isSystemError(error, 'ENOENT') ? uploadUnknown(upload.id) : error;
    }
  }

  async #finish(exchange: Exchange, name: string, upload: Upload): Promise<void> {
    const given = exchange.url.searchParams.get('digest');
    if (given === null) throw digestInvalid('the upload cannot be finished without ?digest=');
    const digest = asDigest(given);
    await this.#append(exchange, name, upload);
    try {
      await upload.commit(digest);
    } catch (error) {
      await upload.cancel();
      await this.#forget(upload.id);
      throw isSystemError(error, 'ENOENT') ? uploadUnknown(upload.id) : error;
    }
    await this.#repositories.linkBlob(name, digest);
    await this.#forget(upload.id);
    created(exchange, name, digest);
  }

  /**
   * Links a blob that `from` has: a repository here, or the repository of a local image's name; any of them when it is left out.
   * Answers false when it has not, or whoever asks may not know.
   */
  async #mount({ mayPull }: Exchange, name: string, digest: Digest, from: string | undefined): Promise<boolean> {
    if (from !== undefined && !isRepository(from)) return false;
    const sources = (from === undefined ? this.#repositories.names() : [from]).filter((source) => mayPull?.(source) ?? true);
    // Rules are about repositories: whoever is bound by them names the one they mean.
    const mayBeLocal = sources.length > 0 && (from !== undefined || mayPull === undefined);
    const isThere = sources.some((source) => this.#repositories.hasBlob(source, digest)) || (mayBeLocal && (await this.#isLocal(from, digest)));
    if (!isThere || !(await this.#isHere(digest))) return false;
    await this.#repositories.linkBlob(name, digest);
    return true;
  }

  /** Already, or after it was brought from this machine's images. */
  async #isHere(digest: Digest): Promise<boolean> {
    return (await this.#storage.stat(digest)) !== undefined || (await this.#storage.bringLocal(digest));
  }

  async #isLocal(from: string | undefined, digest: Digest): Promise<boolean> {
    const images = await this.#images.list();
    return images.some(
      ({ tags, digests, manifest, id }) =>
        [...tags, ...digests].some((whole) => from === undefined || repositoryOf(whole) === from) &&
        (id === digest || manifest.layers.some((layer) => layer.digest === digest)),
    );
  }

  async #forget(id: string): Promise<void> {
    const repository = this.#open.get(id)?.repository;
    if (repository !== undefined) this.#inFlight.forget(repository, id);
    this.#open.delete(id);
    await this.#records.remove(id);
  }
}

function checkRange({ request }: Exchange, name: string, upload: Upload): void {
  const range = request.headers['content-range'];
  if (range !== undefined) {
    const match = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/.*)?$/.exec(range);
    const [start, end] = [Number(match?.[1]), Number(match?.[2])];
    const length = request.headers['content-length'];
    const isWhole = match !== null && start === upload.size && end >= start && (length === undefined || Number(length) === end - start + 1);
    if (!isWhole)
      throw new RegistryError('BLOB_UPLOAD_INVALID', 416, `piece ${range} does not follow the ${upload.size} bytes that are here`, {
        headers: progress(name, upload),
      });
  }
}

function progress(name: string, upload: Upload): Readonly<Record<string, string>> {
  return { location: `/v2/${name}/blobs/uploads/${upload.id}`, range: `0-${Math.max(0, upload.size - 1)}`, 'docker-upload-uuid': upload.id };
}

function created(exchange: Exchange, name: string, digest: Digest): void {
  answer(exchange, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}

/** `library/busybox` of `docker.io/library/busybox:latest`. */
function repositoryOf(whole: string): string {
  return whole.slice(whole.indexOf('/') + 1).replace(/(?::[^/:@]+)?(?:@.*)?$/, '');
}
