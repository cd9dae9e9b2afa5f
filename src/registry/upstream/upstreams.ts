import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Clock, GantryError, type Logger, messageOf, type Random } from '#kit';
import { type Digest, type ImageStore, isDigest, isTag, type RemoteOptions } from '#image';
import { asDigest, sendBlob } from '../blobs.ts';
import { blobUnknown, digestInvalid, manifestUnknown, nameUnknown, RegistryError, tagInvalid } from '../errors.ts';
import { isSettled } from '../http/conditions.ts';
import { answer, type Exchange, pageOf } from '../http/exchange.ts';
import { answerReferrers } from '../referrers.ts';
import type { Route } from '../http/route.ts';
import { Cache } from './cache.ts';
import { copyOnly, silent } from './errors.ts';
import { Fetch } from './fetch.ts';
import { CachedManifests, type Found } from './manifests.ts';
import { isMissing, type Place } from './place.ts';
import type { UpstreamSettings } from './types.ts';
import { Upstream } from './upstream.ts';

export interface UpstreamsOptions {
  readonly settings: readonly UpstreamSettings[];
  /** Bytes; all the same when left out. */
  readonly cacheMax?: number;
  readonly images: ImageStore;
  readonly remote?: RemoteOptions;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether a repository of this registry's own has the name. */
  readonly isOwn: (name: string) => boolean;
}
/** Registries elsewhere, served from here: each thing is fetched when it is first asked for, and kept. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #upstreams: readonly Upstream[];
  readonly #cache: Cache;
  readonly #manifests: CachedManifests;
  readonly #fetches = new Map<string, Fetch>();

  /** Errors: `REGISTRY_SETTINGS_INVALID`. */
  constructor(options: UpstreamsOptions) {
    this.#options = options;
    const made = options.settings.map((settings) => new Upstream(settings, options));
    this.#upstreams = made.sort((a, b) => (b.prefix?.length ?? 0) - (a.prefix?.length ?? 0));
    this.#cache = new Cache({ ...options, bytes_max: options.cacheMax ?? Number.POSITIVE_INFINITY });
    this.#manifests = new CachedManifests({ ...options, cache: this.#cache });
  }

  get #spool(): string {
    return join(this.#options.dataDir, 'upstreams', 'spool');
  }

  /** Reads what is kept, and removes what a killed process had half fetched. */
  async open(): Promise<void> {
    await rm(this.#spool, { recursive: true, force: true });
    await mkdir(this.#spool, { recursive: true, mode: 0o700 });
    await this.#cache.open();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#fetches.values()].map((fetch) => fetch.stop()));
    for (const upstream of this.#upstreams) await upstream.stop();
  }

  /** Answers what is asked of an upstream's repository; false where none is meant. Errors: `UNSUPPORTED` for pushes, `DENIED`, and what the upstream says. */
  async serve(exchange: Exchange, route: Route): Promise<boolean> {
    const place = 'name' in route ? this.#placeOf(exchange, route.name) : undefined;
    if (place === undefined || !('name' in route)) return false;
    const { method = '' } = exchange.request;
    // Where any name may be meant, one that is pushed becomes a repository of this registry's own: who pushes looks first which blobs it has.
    const isOpen = place.upstream.prefix === '/' && !exchange.url.searchParams.has('ns');
    if (isOpen && route.kind === 'blob' && method === 'HEAD') return false;
    if (route.kind === 'upload' || (method !== 'GET' && method !== 'HEAD')) {
      if (isOpen) return false;
      throw copyOnly(place.shown, place.upstream.name);
    }
    place.upstream.mustBeAllowed(place.name);
    await this.#pass(exchange, route, place).catch((error: unknown) => {
      throw asAnswer(error);
    });
    return true;
  }

  async #pass(exchange: Exchange, route: Route & { readonly name: string }, place: Place): Promise<void> {
    if (route.kind === 'blob') await this.#serveBlob(exchange, place, asDigest(route.reference));
    else if (route.kind === 'manifest') await this.#serveManifest(exchange, place, route.reference);
    else if (route.kind === 'referrers') await this.#serveReferrers(exchange, place, route.reference);
    else await this.#serveTags(exchange, place);
  }

  #placeOf({ url }: Exchange, shown: string): Place | undefined {
    const namespace = url.searchParams.get('ns') ?? undefined;
    for (const upstream of this.#upstreams) {
      if (upstream.prefix === '/' && namespace === undefined && this.#options.isOwn(shown)) continue;
      const name = upstream.nameOf(shown, namespace);
      if (name !== undefined && name !== '') return { upstream, name, shown, key: `${upstream.key}/${name}` };
    }
    return undefined;
  }

  async #serveManifest(exchange: Exchange, place: Place, reference: string): Promise<void> {
    if (reference.includes(':') ? !isDigest(reference) : !isTag(reference))
      throw reference.includes(':') ? digestInvalid(`"${reference}" is no digest`) : tagInvalid(reference);
    const found: Found = await this.#manifests.find(place, reference).catch((error: unknown) => {
      throw isMissing(error) ? manifestUnknown(place.shown, reference) : error;
    });
    const { digest, mediaType, size } = found;
    if (isSettled(exchange, `"${digest}"`)) return;
    const headers = { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"`, 'content-length': size };
    const bytes = exchange.request.method === 'HEAD' ? undefined : await this.#options.images.content.readAll(digest);
    exchange.response.writeHead(200, { ...headers, ...(found.warning === undefined ? {} : { warning: found.warning }) }).end(bytes);
  }

  async #serveBlob(exchange: Exchange, place: Place, digest: Digest): Promise<void> {
    const { images } = this.#options;
    const here = this.#cache.use(place.key, digest);
    if (here !== undefined && (await images.content.stat(digest))) return sendBlob(images.content, exchange, digest, here.size);
    const size = await this.#sizeOf(place, digest);
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, etag: `"${digest}"`, 'content-length': size };
    if (exchange.request.method === 'HEAD') {
      exchange.response.writeHead(200, headers).end();
      return;
    }
    const left = new AbortController();
    const fetch = this.#fetchOf(place, digest, size);
    const reading = fetch.read(left.signal);
    exchange.response.once('close', () => left.abort());
    if (exchange.response.destroyed) left.abort();
    try {
      // What the upstream refuses is answered, and not broken off.
      await fetch.begun(left.signal);
      exchange.response.writeHead(200, headers);
      await pipeline(reading, exchange.response);
    } catch (error) {
      if (!left.signal.aborted) throw isMissing(error) ? blobUnknown(place.shown, digest) : error;
    } finally {
      left.abort();
    }
  }

  async #sizeOf(place: Place, digest: Digest): Promise<number> {
    const running = this.#fetches.get(`${place.key} ${digest}`);
    if (running?.isOver === false) return running.size;
    const known = this.#manifests.sizeOf(digest);
    if (known !== undefined) return known;
    try {
      return await (await place.upstream.repository(place.name)).blobSize(digest);
    } catch (error) {
      throw isMissing(error) ? blobUnknown(place.shown, digest) : error;
    }
  }

  /** The fetch of that blob that is under way, or a new one. */
  #fetchOf(place: Place, digest: Digest, size: number): Fetch {
    const { images, random, logger } = this.#options;
    const id = `${place.key} ${digest}`;
    const running = this.#fetches.get(id);
    if (running?.isOver === false) return running;
    const fetch = new Fetch({
      digest,
      size,
      spool: join(this.#spool, random.hex(16)),
      content: images.content,
      source: async (signal) => (await place.upstream.repository(place.name)).until(signal).blob({ digest, size, mediaType: 'application/octet-stream' }),
      keep: () => this.#cache.keep(place.key, digest, { size }),
    });
    this.#fetches.set(id, fetch);
    void fetch.ended.then(() => {
      if (this.#fetches.get(id) === fetch) this.#fetches.delete(id);
      if (fetch.hasFailed) logger.warn('a blob was not fetched', { upstream: place.upstream.name, repository: place.name, digest });
    });
    return fetch;
  }

  async #serveTags(exchange: Exchange, place: Place): Promise<void> {
    const kept = Object.keys(this.#cache.find(place.key).tags);
    let headers: Readonly<Record<string, string>> = {};
    const tags = await (await place.upstream.repository(place.name)).tags().catch((error: unknown) => {
      if (isMissing(error)) throw nameUnknown(place.shown);
      if (kept.length === 0) throw error;
      this.#options.logger.warn('an upstream does not answer; what is kept of its tags is told', { upstream: place.upstream.name, error: messageOf(error) });
      headers = { warning: '111 - "Revalidation Failed"' };
      return kept;
    });
    const { page, headers: links } = pageOf([...tags].sort(), exchange.url);
    answer(exchange, 200, { ...links, ...headers }, { name: place.shown, tags: page });
  }

  async #serveReferrers(exchange: Exchange, place: Place, text: string): Promise<void> {
    if (!isDigest(text)) throw digestInvalid(`"${text}" is no digest`);
    // Clients ask for them with each pull, and pull without them: nobody waits for an upstream that is away.
    if (place.upstream.isSilent) throw silent(place.shown, place.upstream.name);
    answerReferrers(exchange, await (await place.upstream.repository(place.name)).impatient().referrers(text));
  }
}

/** What an upstream refuses, in the codes of the specification. */
function asAnswer(error: unknown): unknown {
  if (!(error instanceof GantryError) || error.code !== 'REGISTRY_FAILED') return error;
  if (error.status === 403) return new RegistryError('DENIED', 403, error.message);
  return error.status === 429 ? new RegistryError('TOOMANYREQUESTS', 429, error.message) : error;
}
