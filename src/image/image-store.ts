import type { Readable } from 'node:stream';
import { type Clock, eraseTree, KeyedMutex } from '#kit';
import { loadArchive } from './archive/load.ts';
import { saveArchive } from './archive/save.ts';
import { type Attested, orphanedReferrers, parseReferrer, readReferrers, referrerOwner, writeReferrer } from './attestations.ts';
import type { UnpackBounds } from './bounds.ts';
import { Catalogue, type KnownImage } from './catalogue.ts';
import { collectGarbage } from './collect.ts';
import type { BlobStore } from './content.ts';
import { chainIds, digestOf } from './digest.ts';
import type { Fresh } from './fresh.ts';
import { importArchive } from './import.ts';
import type { JobRunner } from './jobs/runner.ts';
import type { LayerStore } from './layers.ts';
import { readImage } from './manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from './media-types.ts';
import { formatReference, repositoryName } from './reference.ts';
import type { RegistriesAsked } from './remote/registries-asked.ts';
import { recompressLayers } from './recompress.ts';
import { planRemoval } from './removal.ts';
import { treesBy } from './trees/trees.ts';
import type {
  Artifact,
  Attestation,
  CompressionOptions,
  Descriptor,
  Digest,
  FetchedArtifact,
  FoundImages,
  Image,
  ImageConfig,
  ImageEvent,
  ImageRemoval,
  ImageStore,
  Layer,
  LeaseOwner,
  LoadedImage,
  LoadOptions,
  Manifest,
  Reference,
  Referrer,
  RemoteImage,
  TransferOptions,
  Trees,
} from './types.ts';

export interface ImageStoreParts {
  readonly catalogue: Catalogue;
  readonly content: BlobStore;
  readonly layers: LayerStore;
  readonly jobs: JobRunner;
  readonly bounds: UnpackBounds;
  readonly fresh: Fresh;
  readonly asked: () => Promise<RegistriesAsked>;
  readonly snapshotChains: () => Iterable<Digest>;
  readonly clock: Clock;
}

/** Images by name and id over one content store. Every change of names, images and leases is made one at a time. */
export class CatalogueImageStore implements ImageStore {
  readonly content: BlobStore;
  readonly trees: Trees;
  readonly bounds: UnpackBounds;
  readonly #parts: ImageStoreParts;
  readonly #catalogue: Catalogue;
  readonly #mutex = new KeyedMutex();
  readonly #listeners = new Set<(event: ImageEvent) => void>();

  constructor(parts: ImageStoreParts) {
    this.#parts = parts;
    this.#catalogue = parts.catalogue;
    this.content = parts.content;
    this.trees = treesBy(parts.jobs);
    this.bounds = parts.bounds;
  }

  async resolve(nameOrId: string): Promise<Image> {
    return this.#catalogue.whole(this.#catalogue.resolve(nameOrId));
  }

  async list(): Promise<readonly Image[]> {
    return [...this.#catalogue.images()].map((image) => this.#catalogue.whole(image));
  }

  async add(manifestDigest: Digest, names: readonly Reference[] = []): Promise<Image> {
    const image = await this.#record(manifestDigest, names);
    this.#emit({ action: 'load', id: image.id });
    return image;
  }

  async tag(source: string, target: Reference): Promise<void> {
    const name = nameOf(target);
    const { id } = await this.#change(async () => {
      const image = this.#catalogue.resolve(source);
      await this.#catalogue.putName(name, { image: image.id, manifestDigest: image.manifestDigest });
      return image;
    });
    this.#emit({ action: 'tag', id, name });
  }

  async remove(nameOrId: string, { force }: { readonly force: boolean }): Promise<readonly ImageRemoval[]> {
    const { image, plan } = await this.#change(async () => {
      const image = this.#catalogue.resolve(nameOrId);
      const plan = planRemoval(this.#catalogue, image, nameOrId, force);
      for (const name of plan.untag) await this.#catalogue.removeName(name);
      if (plan.deleteImage) await this.#catalogue.removeImage(image.id);
      return { image, plan };
    });
    for (const name of plan.untag) this.#emit({ action: 'untag', id: image.id, name });
    const removals: ImageRemoval[] = plan.untag.map((untagged) => ({ untagged }));
    if (!plan.deleteImage) return removals;
    this.#emit({ action: 'delete', id: image.id });
    const before = chainIds(image.config.rootfs.diff_ids);
    await this.collect();
    const gone = before.filter((chainId) => this.#parts.layers.find(chainId) === undefined).reverse();
    return [...removals, { deleted: image.id }, ...gone.map((deleted) => ({ deleted }))];
  }

  async lease(owner: LeaseOwner, image: Digest): Promise<void> {
    await this.#change(() => this.#catalogue.lease(owner, image));
    this.#parts.fresh.settle(image);
  }

  async release(owner: LeaseOwner, digest?: Digest): Promise<void> {
    await this.#change(() => this.#catalogue.release(owner, digest));
  }

  leases(prefix: string): ReadonlyMap<LeaseOwner, readonly Digest[]> {
    return this.#catalogue.leases(prefix);
  }

  async collect(): Promise<number> {
    const doomed = await this.#change(async () => {
      const subjects = new Set<string>([...this.#catalogue.images()].map(({ manifestDigest }) => manifestDigest));
      for (const owner of orphanedReferrers(this.#catalogue.leases().keys(), (subject) => subjects.has(subject))) await this.#catalogue.release(owner);
      return await collectGarbage({ ...this.#parts, now_ms: this.#parts.clock.now() });
    });
    for (const { path } of doomed) await eraseTree(path);
    return doomed.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async create(parts: Parameters<ImageStore['create']>[0]): Promise<Image> {
    const image = await this.#create(parts);
    this.#emit({ action: 'create', id: image.id });
    return image;
  }

  async recompress(layers: readonly Layer[], options: CompressionOptions): Promise<readonly Layer[]> {
    return await recompressLayers({ content: this.content, jobs: this.#parts.jobs }, layers, options);
  }

  async importTar(content: Readable, options: Parameters<ImageStore['importTar']>[1]): Promise<Image> {
    const { jobs, clock } = this.#parts;
    const image = await this.#create(await importArchive({ content: this.content, jobs, clock }, content, options));
    this.#emit({ action: 'import', id: image.id, ...(options.name === undefined ? {} : { name: nameOf(options.name) }) });
    return image;
  }

  async save(images: Parameters<ImageStore['save']>[0]): Promise<Readable> {
    const saved = await Promise.all(images.map(async (one) => ({ ...one, referrers: await this.referrers(one.image) })));
    return await saveArchive(this.content, saved);
  }

  async load(archive: Readable, options: LoadOptions): Promise<readonly LoadedImage[]> {
    const { layers, jobs, bounds, fresh } = this.#parts;
    const manifestOf = (id: Digest) => this.#catalogue.image(id)?.manifestDigest;
    const collect = () => this.collect();
    const loaded: LoadedImage[] = [];
    for (const { manifestDigest, names, attested } of await loadArchive(
      { content: this.content, layers, jobs, bounds, fresh, manifestOf, collect },
      archive,
      options,
    )) {
      const before = names.map((name) => ({ name, id: this.#catalogue.name(nameOf(name))?.image }));
      const image = await this.#record(manifestDigest, names);
      await this.#keepAttested(image, attested);
      this.#emit({ action: 'load', id: image.id });
      loaded.push({ image, names, replaced: before.flatMap(({ name, id }) => (id === undefined || id === image.id ? [] : [{ name, id }])) });
    }
    return loaded;
  }

  async pull(reference: Reference, options: TransferOptions): Promise<Image> {
    const { layers, fresh } = this.#parts;
    const knows = (manifestDigest: Digest) => this.#catalogue.name(nameOf(reference))?.manifestDigest === manifestDigest;
    const record = (manifestDigest: Digest, names: readonly Reference[], top: Digest) => this.#record(manifestDigest, names, top);
    const keepAttested = (image: Image, attested: Attested) => this.#keepAttested(image, attested);
    const image = await (await this.#parts.asked()).pull({ content: this.content, layers, fresh, knows, record, keepAttested }, reference, options);
    this.#emit({ action: 'pull', id: image.id, name: nameOf(reference) });
    return image;
  }

  async push(reference: Reference, options: TransferOptions): Promise<Descriptor> {
    const image = await this.resolve(nameOf(reference));
    const pushed = await (await this.#parts.asked()).push({ content: this.content }, { ...image, referrers: await this.referrers(image) }, reference, options);
    const byDigest = `${repositoryName(reference)}@${pushed.digest}`;
    await this.#change(async () => {
      if (this.#catalogue.name(nameOf(reference))?.image === image.id)
        await this.#catalogue.putName(byDigest, { image: image.id, manifestDigest: pushed.digest });
    });
    this.#emit({ action: 'push', id: image.id, name: nameOf(reference) });
    return pushed;
  }

  async pushArtifact(reference: Reference, artifact: Artifact, options: TransferOptions): Promise<Descriptor> {
    const { artifactType, configType, config, layers } = artifact;
    const { digest, size } = await this.content.write(config);
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, artifactType, config: { mediaType: configType, digest, size }, layers } as const;
    const written = await this.content.write(Buffer.from(JSON.stringify(manifest)));
    const pushed = { id: digest, manifest, manifestDigest: written.digest, tags: [], digests: [] };
    return await (await this.#parts.asked()).push({ content: this.content }, pushed, reference, options);
  }

  async attach(id: Digest, attestations: readonly Attestation[]): Promise<void> {
    await this.#change(async () => {
      const image = this.#catalogue.resolve(id);
      const before = await readReferrers(this.content, this.#catalogue.leases(), image.manifestDigest);
      const added: Referrer[] = [];
      for (const attestation of attestations) {
        const referrer = await writeReferrer(this.content, image, attestation);
        added.push(referrer);
        await this.#hold(referrer);
      }
      for (const { descriptor } of before)
        if (added.some((one) => one.descriptor.artifactType === descriptor.artifactType && one.descriptor.digest !== descriptor.digest))
          await this.#catalogue.release(referrerOwner(image.manifestDigest, descriptor.digest));
    });
  }

  /** Holds a referrer's blobs; its manifest last: only with it is the referrer there. */
  async #hold({ blobs, descriptor, subject }: Referrer): Promise<void> {
    for (const { digest } of [...blobs, descriptor]) await this.#catalogue.lease(referrerOwner(subject, descriptor.digest), digest);
  }

  async #keepAttested(image: Image, { referrers, statements }: Attested): Promise<void> {
    const kept: Referrer[] = [];
    for (const statement of statements) kept.push(await writeReferrer(this.content, image, statement));
    for (const digest of referrers) {
      const referrer = parseReferrer(await this.content.readAll(digest), digest);
      if (referrer?.subject === image.manifestDigest) kept.push(referrer);
    }
    if (kept.length === 0) return;
    await this.#change(async () => {
      for (const referrer of kept) await this.#hold(referrer);
    });
  }

  async referrers(image: Image): Promise<readonly Referrer[]> {
    return await readReferrers(this.content, this.#catalogue.leases(), image.manifestDigest);
  }

  async fetchArtifact(reference: Reference, configType: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<FetchedArtifact | undefined> {
    return await (await this.#parts.asked()).fetchArtifact({ content: this.content, fresh: this.#parts.fresh }, reference, configType, options);
  }

  async login(registry: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<void> {
    await (await this.#parts.asked()).login(registry, options);
  }

  async inspectRemote(reference: Reference, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<RemoteImage> {
    return await (await this.#parts.asked()).inspect(reference, options);
  }

  async tagsOf(reference: Reference, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<readonly string[]> {
    return await (await this.#parts.asked()).tagsOf(reference, options);
  }

  async search(term: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<FoundImages> {
    return await (await this.#parts.asked()).search(term, options);
  }

  layerSizes({ config }: Image): readonly number[] {
    return chainIds(config.rootfs.diff_ids).map((chainId) => this.#parts.layers.find(chainId)?.size_bytes ?? 0);
  }

  onEvent(listener: (event: ImageEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async #create({ config, layers, names = [], annotations }: Parameters<ImageStore['create']>[0]): Promise<Image> {
    const whole: ImageConfig = { ...config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } };
    const configBytes = Buffer.from(JSON.stringify(whole));
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(configBytes), size: configBytes.length },
      layers: layers.map(({ blob }) => blob),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const [{ digest }] = await Promise.all([this.content.write(Buffer.from(JSON.stringify(manifest))), this.content.write(configBytes)]);
    return this.#record(digest, names);
  }

  /** Unpacks the image and writes its record and names; `top` is the digest that the names stood for where that was an index. */
  async #record(manifestDigest: Digest, names: readonly Reference[], top: Digest = manifestDigest): Promise<Image> {
    const { layers, fresh, clock } = this.#parts;
    const { manifest, config } = await readImage(this.content, manifestDigest);
    const unpacked = await layers.ensure({ manifest, config });
    const id = manifest.config.digest;
    const created_ms = Date.parse(config.created ?? '');
    const known: KnownImage = {
      id,
      manifestDigest,
      manifest,
      config,
      size_bytes: unpacked.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
      created_ms: Number.isNaN(created_ms) ? (config.created === undefined ? 0 : clock.now()) : created_ms,
    };
    return this.#change(async () => {
      const before = [...this.#catalogue.images()].find((image) => image.id === id);
      if (before?.manifestDigest !== manifestDigest) await this.#catalogue.putImage(known);
      for (const name of names) await this.#catalogue.putName(nameOf(name), { image: id, manifestDigest: top });
      for (const digest of [id, manifestDigest, top, ...manifest.layers.map((layer) => layer.digest), ...chainIds(config.rootfs.diff_ids)])
        fresh.settle(digest);
      return this.#catalogue.whole(before?.manifestDigest === manifestDigest ? before : known);
    });
  }

  #change<T>(task: () => Promise<T>): Promise<T> {
    return this.#mutex.run('catalogue', task);
  }

  #emit(event: ImageEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** The name under which a reference is kept: by digest where there is one, else by tag. */
function nameOf({ tag, ...place }: Reference): string {
  return formatReference(place.digest === undefined ? { ...place, tag: tag ?? 'latest' } : place);
}
