import { type Clock, GantryError, KeyedMutex, type Logger, messageOf } from '#kit';
import { type Digest, type ImageStore, isDigest, isIndex, parseManifest } from '#image';
import type { Cache } from './cache.ts';
import { isMissing, type Place } from './place.ts';

/** A manifest that is in the store now. */
export interface Found {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** In the form of the header (RFC 9111, 5.5, as of RFC 7234): it may be stale. */
  readonly warning?: string;
}
export interface ManifestsOptions {
  readonly cache: Cache;
  readonly images: ImageStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Sizes of blobs that are remembered from manifests. */
const SIZES_MAX = 10_000;
const STALE = '111 - "Revalidation Failed"';

/** Manifests of upstreams: one that is asked for by digest is asked of the upstream once, a tag whenever it is no longer trusted. */
export class CachedManifests {
  readonly #options: ManifestsOptions;
  readonly #mutex = new KeyedMutex();
  readonly #sizes = new Map<Digest, number>();

  constructor(options: ManifestsOptions) {
    this.#options = options;
  }

  /** What a manifest said of a blob's size. */
  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  /** Errors: what the upstream says (`REGISTRY_FAILED`), where nothing is kept. */
  find(place: Place, reference: string): Promise<Found> {
    // Who asks for the same at the same time waits for the one answer.
    return this.#mutex.run(`${place.key} ${reference}`, () => (isDigest(reference) ? this.#byDigest(place, reference) : this.#byTag(place, reference)));
  }

  async #byDigest(place: Place, digest: Digest): Promise<Found> {
    return (await this.#kept(place, digest)) ?? (await this.#fetch(place, digest));
  }

  async #byTag(place: Place, tag: string): Promise<Found> {
    const { cache, clock, logger } = this.#options;
    const known = cache.find(place.key).tags[tag];
    const kept = known && (await this.#kept(place, known.digest));
    if (known === undefined || kept === undefined) return this.#fetch(place, tag);
    if (clock.now() - known.checked_ms < place.upstream.tagsFresh_ms) return kept;
    if (place.upstream.isSilent) return { ...kept, warning: STALE };
    try {
      const digest = await (await place.upstream.repository(place.name)).digestOf(tag);
      if (digest !== known.digest) return await this.#fetch(place, digest ?? tag, tag);
      await cache.setTag(place.key, tag, digest);
      return kept;
    } catch (error) {
      if (isMissing(error)) await cache.setTag(place.key, tag, undefined);
      if (isMissing(error) || !isUnreachable(error)) throw error;
      place.upstream.isSilent = true;
      logger.warn('an upstream does not answer; what is kept is served', {
        upstream: place.upstream.name,
        repository: place.name,
        tag,
        error: messageOf(error),
      });
      return { ...kept, warning: STALE };
    }
  }

  async #kept(place: Place, digest: Digest): Promise<Found | undefined> {
    const content = this.#options.cache.use(place.key, digest);
    if (content?.mediaType === undefined || !(await this.#options.images.content.stat(digest))) return undefined;
    return { digest, mediaType: content.mediaType, size: content.size };
  }

  async #fetch(place: Place, reference: string, tag = isDigest(reference) ? undefined : reference): Promise<Found> {
    const { cache, images } = this.#options;
    const { digest, mediaType, bytes } = await (await place.upstream.repository(place.name)).manifest(reference);
    const manifest = parseManifest(bytes, mediaType);
    await images.content.write(bytes, { digest });
    if (!isIndex(manifest)) for (const blob of [manifest.config, ...manifest.layers]) this.#remember(blob.digest, blob.size);
    await cache.keep(place.key, digest, { size: bytes.length, mediaType: manifest.mediaType });
    if (tag !== undefined) await cache.setTag(place.key, tag, digest);
    return { digest, mediaType: manifest.mediaType, size: bytes.length };
  }

  #remember(digest: Digest, size: number): void {
    this.#sizes.set(digest, size);
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizes.size <= SIZES_MAX) break;
      this.#sizes.delete(oldest);
    }
  }
}

/** It could not be asked, or is in no state to answer: not that it refuses. */
function isUnreachable(error: unknown): boolean {
  return error instanceof GantryError && error.code === 'REGISTRY_FAILED' && (error.status >= 500 || error.status === 429);
}
