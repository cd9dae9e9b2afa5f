import { pipeline } from 'node:stream';
import { GantryError, messageOf } from '#kit';
import { type Attested, NOTHING_ATTESTED } from '../attestations.ts';
import type { BlobStore } from '../content.ts';
import { algorithmOf, digestOf, isDigest, shortId } from '../digest.ts';
import { digestMismatch, manifestInvalid, notAvailable, platformMissing } from '../errors.ts';
import type { Fresh } from '../fresh.ts';
import type { LayerStore } from '../layers.ts';
import { checkImage, choosePlatform, isIndex, parseManifest, platformName, readConfig } from '../manifest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { ownPlatform } from '../platform.ts';
import { familiarName, formatReference, repositoryName } from '../reference.ts';
import { endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { Descriptor, Digest, Image, Manifest, Reference, TransferOptions, TransferProgress } from '../types.ts';
import { download } from './download.ts';
import { readBody } from './http.ts';
import { inParallel } from './parallel.ts';
import { counted } from './progress.ts';
import { fetchAttested } from './pull-attested.ts';
import type { RegistrySession, RegistrySessions } from './session.ts';

export interface PullParts {
  readonly content: BlobStore;
  readonly layers: LayerStore;
  readonly fresh: Fresh;
  readonly sessions: RegistrySessions;
  readonly registries: RegistriesConfig;
  /** True when the name stands for that manifest already. */
  readonly knows: (top: Digest) => boolean;
  /** Writes the image down under its names. */
  readonly record: (manifestDigest: Digest, names: readonly Reference[], top: Digest) => Promise<Image>;
  /** Keeps beside the image what attests it. */
  readonly keepAttested: (image: Image, attested: Attested) => Promise<void>;
}

/** Pulls an image; blobs that are here already are not moved. Mirrors are asked first, each in turn. Errors: `REGISTRY_FAILED` and those of the content store. */
export async function pullImage(parts: PullParts, reference: Reference, options: TransferOptions): Promise<Image> {
  const endpoints = endpointsOf(parts.registries, reference, 'pull');
  for (const [index, endpoint] of endpoints.entries()) {
    try {
      return await new Pull(parts, parts.sessions.open(endpoint, 'pull', options), reference, options).run();
    } catch (error) {
      if (options.signal?.aborted) throw error;
      if (index === endpoints.length - 1) throw namingImage(error, reference);
      options.progress?.({ status: `Mirror ${endpoint.host} failed (${messageOf(error)}); trying the next` });
    }
  }
  throw manifestInvalid(`no registry to ask for ${formatReference(reference)}`);
}

/** The registry's host alone does not say what was asked of it. */
function namingImage(error: unknown, reference: Reference): unknown {
  if (!(error instanceof GantryError) || error.code !== 'REGISTRY_FAILED' || error.message.includes(formatReference(reference))) return error;
  return notAvailable(`Cannot pull ${formatReference(reference)}: ${error.message}`, error.status, error);
}

class Pull {
  readonly #parts: PullParts;
  readonly #session: RegistrySession;
  readonly #reference: Reference;
  readonly #options: TransferOptions;

  constructor(parts: PullParts, session: RegistrySession, reference: Reference, options: TransferOptions) {
    this.#parts = parts;
    this.#session = session;
    this.#reference = reference;
    this.#options = options;
  }

  async run(): Promise<Image> {
    const { registry, repository, tag, digest } = this.#reference;
    const asked = digest ?? tag ?? 'latest';
    const top = await this.#fetchManifest(asked, digest);
    const short = familiarName(repositoryName(this.#reference));
    this.#tell({ id: asked, status: `Pulling from ${registry === 'docker.io' ? repository : short}` });
    const chosen = isIndex(top.manifest) ? await this.#fetchManifest(...this.#choose(top.manifest)) : top;
    if (isIndex(chosen.manifest)) throw manifestInvalid(`${formatReference(this.#reference)} is an index of indexes`);
    const wasKnown = this.#parts.knows(top.digest);
    const attested = this.#fetchAttested(chosen.digest, isIndex(top.manifest) ? top.manifest.manifests : []);
    await this.#fetchBlobs(chosen.manifest);
    const names: Reference[] = [{ registry, repository, digest: top.digest }];
    if (digest === undefined) names.unshift({ registry, repository, tag: asked });
    const image = await this.#parts.record(chosen.digest, names, top.digest);
    await this.#parts.keepAttested(image, await attested);
    this.#tell({ status: `Digest: ${top.digest}` });
    const shown = digest === undefined ? `${short}:${asked}` : `${short}@${digest}`;
    this.#tell({ status: wasKnown ? `Status: Image is up to date for ${shown}` : `Status: Downloaded newer image for ${shown}` });
    return image;
  }

  #choose(index: { readonly manifests: readonly Descriptor[] } & Parameters<typeof choosePlatform>[0]): [string, Digest] {
    const wanted = this.#options.platform ?? ownPlatform();
    const found = choosePlatform(index, wanted);
    // What has no platform, or an unknown one, is no image: attestations lie there.
    const offered = index.manifests.flatMap(({ platform }) => (platform && platform.os !== 'unknown' ? [platformName(platform)] : []));
    if (!found) throw platformMissing(formatReference(this.#reference), platformName(wanted), offered);
    return [found.digest, found.digest];
  }

  async #fetchManifest(name: string, expected: Digest | undefined) {
    const here = expected === undefined ? undefined : await this.#parts.content.stat(expected);
    if (expected !== undefined && here) {
      this.#parts.fresh.touch(expected);
      return { digest: expected, manifest: parseManifest(await this.#parts.content.readAll(expected)) };
    }
    const answer = await this.#session.send({
      method: 'GET',
      url: this.#session.url(`manifests/${name}`),
      headers: { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ') },
    });
    if (answer.statusCode !== 200) throw await this.#session.failure(answer, `pull ${formatReference(this.#reference)}`);
    const bytes = await readBody(answer);
    const claimed = expected ?? digestIn(answer.headers['docker-content-digest']);
    const digest = digestOf(bytes, claimed && algorithmOf(claimed));
    if (claimed !== undefined && digest !== claimed) throw digestMismatch(claimed, digest);
    const manifest = parseManifest(bytes, answer.headers['content-type']?.split(';')[0]);
    await this.#parts.content.write(bytes, { digest });
    return { digest, manifest };
  }

  /** Beside the layers, since nothing of the image depends on it; an image without its attestations is better than none. */
  async #fetchAttested(subject: Digest, siblings: readonly Descriptor[]): Promise<Attested> {
    try {
      return await fetchAttested({ ...this.#parts, session: this.#session }, subject, siblings);
    } catch (error) {
      if (this.#options.signal?.aborted !== true) this.#tell({ status: `What attests the image was not fetched: ${messageOf(error)}` });
      return NOTHING_ATTESTED;
    }
  }

  async #fetchBlobs(manifest: Manifest): Promise<void> {
    checkImage(manifest);
    const layers = [...new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()];
    for (const { digest } of layers) this.#tell({ id: shortId(digest), status: 'Pulling fs layer' });
    const moved = new Set<Digest>();
    const isHere = await Promise.all(layers.map(async ({ digest }) => (await this.#parts.content.stat(digest)) !== undefined));
    if (isHere.includes(false)) this.#parts.layers.expect();
    await inParallel([manifest.config, ...layers], this.#parts.sessions.downloads.width, async (blob) => {
      const { downloads, fetching } = this.#parts.sessions;
      if (await fetching.run(blob.digest, () => downloads.run(() => this.#fetchBlob(blob, blob !== manifest.config)))) moved.add(blob.digest);
    });
    const config = await readConfig(this.#parts.content, manifest);
    for (const { digest } of layers) if (moved.has(digest)) this.#tell({ id: shortId(digest), status: 'Extracting' });
    await this.#parts.layers.ensure({ manifest, config }, (index) => {
      const digest = manifest.layers[index]?.digest;
      if (digest !== undefined && moved.delete(digest)) this.#tell({ id: shortId(digest), status: 'Pull complete' });
    });
  }

  /** Answers false when the blob was here. */
  async #fetchBlob(blob: Descriptor, isShown: boolean): Promise<boolean> {
    const { digest, size } = blob;
    const { content, fresh } = this.#parts;
    const tell = (status: string, bytes: Omit<TransferProgress, 'status' | 'id'> = {}) => isShown && this.#tell({ id: shortId(digest), status, ...bytes });
    fresh.touch(digest);
    if (await content.stat(digest)) {
      tell('Already exists');
      return false;
    }
    const what = `pull ${isShown ? 'layer' : 'configuration'} ${shortId(digest)} of ${formatReference(this.#reference)}`;
    const counter = counted((current_bytes) => tell('Downloading', { current_bytes, total_bytes: size }));
    // An error of the download destroys the counter, and the content store sees it there.
    const passing = pipeline(download(this.#session, blob, what), counter, () => undefined);
    await content.write(passing, { digest, size }).catch((error: unknown) => {
      throw isWrongContent(error) ? notAvailable(`Cannot ${what}: registry ${this.#session.host} sent other bytes: ${error.message}`, 502, error) : error;
    });
    tell('Download complete');
    return true;
  }

  #tell(step: TransferProgress): void {
    this.#options.progress?.(step);
  }
}

function isWrongContent(error: unknown): error is GantryError {
  return error instanceof GantryError && error.code === 'DIGEST_INVALID';
}

/** What a registry says of the content that it sends. */
function digestIn(header: string | readonly string[] | undefined): Digest | undefined {
  return typeof header === 'string' && isDigest(header) ? header : undefined;
}
