import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { BlobStore } from '../content.ts';
import { shortId } from '../digest.ts';
import { notAvailable } from '../errors.ts';
import { formatReference, parseReference, repositoryName } from '../reference.ts';
import { type Endpoint, endpointsOf, type RegistriesConfig } from '../registries.ts';
import type { Descriptor, Image, Reference, Referrer, TransferOptions, TransferProgress } from '../types.ts';
import { inParallel } from './parallel.ts';
import { pushReferrers } from './push-referrers.ts';
import { counted } from './progress.ts';
import type { RegistrySession, RegistrySessions } from './session.ts';
import { upload } from './upload.ts';

/** What is pushed: an image, or an artifact in the shape of one. */
export type Pushed = Pick<Image, 'id' | 'manifest' | 'manifestDigest' | 'tags' | 'digests'> & { readonly referrers?: readonly Referrer[] };

export interface PushParts {
  readonly content: BlobStore;
  readonly sessions: RegistrySessions;
  readonly registries: RegistriesConfig;
}

/**
 * Pushes an image under a name (OCI distribution-spec, "Pushing"). A blob is moved only when the registry neither has it nor
 * mounts it from another repository; the built-in registry mounts from any local image. Errors: `REGISTRY_FAILED`.
 */
export async function pushImage(parts: PushParts, image: Pushed, reference: Reference, options: TransferOptions): Promise<Descriptor> {
  const endpoint = endpointsOf(parts.registries, reference, 'push').at(-1);
  if (!endpoint) throw notAvailable(`Cannot push ${formatReference(reference)}: there is no registry for it`, 404);
  const session = parts.sessions.open(endpoint, 'pull,push', options);
  return new Push(parts, session, image, reference, options, mountSource(parts.registries, image, reference, endpoint)).run();
}

class Push {
  readonly #parts: PushParts;
  readonly #session: RegistrySession;
  readonly #image: Pushed;
  readonly #reference: Reference;
  readonly #options: TransferOptions;
  readonly #source: string;

  constructor(parts: PushParts, session: RegistrySession, image: Pushed, reference: Reference, options: TransferOptions, source: string) {
    this.#parts = parts;
    this.#session = session;
    this.#image = image;
    this.#reference = reference;
    this.#options = options;
    this.#source = source;
    session.alsoRead(source);
  }

  async run(): Promise<Descriptor> {
    const { manifest, manifestDigest } = this.#image;
    const tag = this.#reference.tag ?? 'latest';
    this.#tell({ status: `The push refers to repository [${repositoryName(this.#reference)}]` });
    // Foreign layers stay where they are: the manifest says where.
    const own = manifest.layers.filter(({ urls = [] }) => urls.length === 0);
    const layers = [...new Map(own.map((layer) => [layer.digest, layer])).values()];
    for (const { digest } of layers) this.#tell({ id: shortId(digest), status: 'Preparing' });
    await inParallel([...layers, manifest.config], this.#parts.sessions.uploads.width, async (blob) => {
      const status = await this.#parts.sessions.uploads.run(() => this.#pushBlob(blob));
      if (blob !== manifest.config) this.#tell({ id: shortId(blob.digest), status });
    });
    const bytes = await this.#parts.content.readAll(manifestDigest);
    const answer = await this.#session.send({
      method: 'PUT',
      url: this.#session.url(`manifests/${tag}`),
      headers: { 'content-type': manifest.mediaType, 'content-length': String(bytes.length) },
      body: bytes,
    });
    if (answer.statusCode !== 201) throw await this.#session.failure(answer, `push ${formatReference(this.#reference)}`);
    answer.resume();
    const { content } = this.#parts;
    await pushReferrers({ session: this.#session, content, pushBlob: (blob) => this.#pushBlob(blob) }, this.#image.referrers ?? []);
    this.#tell({ status: `${tag}: digest: ${manifestDigest} size: ${bytes.length}` });
    return { mediaType: manifest.mediaType, digest: manifestDigest, size: bytes.length };
  }

  async #pushBlob({ digest, size }: Descriptor): Promise<string> {
    const id = shortId(digest);
    const content = async (): Promise<Readable> => {
      const counter =
        digest === this.#image.id ? new PassThrough() : counted((current_bytes) => this.#tell({ id, status: 'Pushing', current_bytes, total_bytes: size }));
      // An error of the blob destroys the counter, and the request sees it there.
      return pipeline(await this.#parts.content.read(digest), counter, () => undefined);
    };
    const what = `push layer ${id} of ${formatReference(this.#reference)}`;
    const done = await upload(this.#session, { blob: { digest, size }, content, from: this.#source, what });
    if (done === 'here') return 'Layer already exists';
    return done === 'mounted' ? `Mounted from ${this.#source}` : 'Pushed';
  }

  #tell(step: TransferProgress): void {
    this.#options.progress?.(step);
  }
}

/** A repository that may have the blobs already: another one of the same registry, or else the image's own name, which the built-in registry knows. */
function mountSource(registries: RegistriesConfig, image: Pushed, reference: Reference, target: Endpoint): string {
  const open = { entries: registries.entries.filter(({ blocked }) => !blocked) };
  for (const name of [...image.tags, ...image.digests]) {
    const place = endpointsOf(open, parseReference(name), 'push').at(-1);
    if (place?.host === target.host && place.repository !== target.repository) return place.repository;
  }
  return reference.repository;
}
