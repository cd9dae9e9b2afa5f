import type { Readable, Writable } from 'node:stream';
import type { UnpackBounds } from './bounds.ts';
import type { TreeCopyItem, Trees } from './trees/types.ts';
export type { ModeChange, Owner, TreeCopyItem, TreeHashItem, Trees } from './trees/types.ts';

/** The hash functions that OCI's image specification registers. */
export type DigestAlgorithm = 'sha256' | 'sha512';
/** `sha256:` and 64 hexadecimal digits, or `sha512:` and 128 (OCI image-spec, descriptor). */
export type Digest = string & { readonly __brand: 'Digest' };

/** A parsed name: `docker.io/library/busybox:latest`, always whole. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
  /** Where a foreign layer lies, which registries don't hold. */
  readonly urls?: readonly string[];
}
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}
/** OCI image configuration with Docker's additions (Healthcheck, Shell, OnBuild). */
export interface ImageConfig {
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config: ImageRunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
}
export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly empty_layer?: boolean;
}
export interface HealthConfig {
  readonly Test?: readonly string[];
  /** Nanoseconds, each. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: HealthConfig;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

/** An image that is here: its id is the digest of its configuration, as Docker's is. */
export interface Image {
  readonly id: Digest;
  readonly manifestDigest: Digest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Names by tag: `docker.io/library/busybox:latest`. */
  readonly tags: readonly string[];
  /** Names by digest: `docker.io/library/busybox@sha256:…`. */
  readonly digests: readonly string[];
  /** Sum of the unpacked layers. */
  readonly size_bytes: number;
  readonly created_ms: number;
}

/** Bytes by digest, each blob whole or not there at all. Shared by engine, build, registry and node. */
export interface ContentStore {
  stat(digest: Digest): Promise<{ readonly size: number } | undefined>;
  /** Errors: `BLOB_UNKNOWN`. `start`/`end` inclusive, as fs streams take them. */
  read(digest: Digest, range?: { readonly start?: number; readonly end?: number }): Promise<Readable>;
  readAll(digest: Digest): Promise<Buffer>;
  /**
   * Writes a part of the blob to a socket or to what leads to one; `start` and `end` are inclusive. It stays open. False when it was closed before
   * everything was taken. Errors: `BLOB_UNKNOWN`.
   */
  pour(digest: Digest, range: { readonly start: number; readonly end: number }, target: Writable): Promise<boolean>;
  /** Streams in, hashing on the way; durable when it resolves. Errors: `DIGEST_INVALID`, `SIZE_INVALID`. */
  write(
    content: Readable | Uint8Array,
    expected?: { readonly digest?: Digest; readonly size?: number },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /**
   * Makes a file that lies on the store's own file system a blob, without copying it; durable when it resolves. It is hashed off the event loop, and
   * stays where it is when it is another one than expected. Errors: `DIGEST_INVALID`, `SIZE_INVALID`.
   */
  take(path: string, expected: { readonly digest: Digest; readonly size: number }): Promise<void>;
  /** The digest of any file, off the event loop. */
  hashFile(path: string, algorithm: DigestAlgorithm): Promise<Digest>;
  list(): AsyncIterable<Digest>;
  /** Begins an upload that survives a restart; see `Upload`. */
  startUpload(): Promise<Upload>;
  openUpload(id: string): Promise<Upload | undefined>;
}
/** A blob on its way in, in pieces (OCI distribution, chunked upload). */
export interface Upload {
  readonly id: string;
  readonly size: number;
  append(content: Readable): Promise<number>;
  /** Verifies and makes it a blob. Errors: `DIGEST_INVALID`. */
  commit(digest: Digest): Promise<void>;
  cancel(): Promise<void>;
}

/** Who keeps blobs and layers from being collected: `container/ID`, `build/ID`, `pull/ID`, `repository/NAME`. */
export type LeaseOwner = string;

export interface ImageStore {
  readonly content: ContentStore;
  readonly trees: Trees;
  /** Of all that is unpacked here, also by others. */
  readonly bounds: UnpackBounds;
  /** By name, by id or by the beginning of an id. Errors: `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`. */
  resolve(nameOrId: string): Promise<Image>;
  list(): Promise<readonly Image[]>;
  /** Bytes of each unpacked layer, lowest first; 0 for one that is not unpacked. */
  layerSizes(image: Image): readonly number[];
  /** Records an image whose blobs are in the content store; idempotent. Names may be none. */
  add(manifestDigest: Digest, names?: readonly Reference[]): Promise<Image>;
  tag(source: string, target: Reference): Promise<void>;
  /** Docker's `rmi`: untags, and deletes when it was the last name. Errors: `IMAGE_IN_USE` (409), `IMAGE_UNKNOWN`. */
  remove(nameOrId: string, options: { readonly force: boolean }): Promise<readonly ImageRemoval[]>;
  /** Keeps an image (by its id) or any blob (by its digest) until released; one owner may hold several. */
  lease(owner: LeaseOwner, image: Digest): Promise<void>;
  /** Lets go of everything that the owner holds, or of the one thing named. */
  release(owner: LeaseOwner, digest?: Digest): Promise<void>;
  /** What each owner holds whose name begins so. */
  leases(prefix: string): ReadonlyMap<LeaseOwner, readonly Digest[]>;
  /** Removes what no name and no lease keeps. Answers the bytes freed. */
  collect(): Promise<number>;
  /** Makes an image of a configuration and layers (given as blobs that are in the content store with their diff ids). */
  create(parts: {
    readonly config: ImageConfig;
    readonly layers: readonly Layer[];
    readonly names?: readonly Reference[];
    readonly annotations?: Readonly<Record<string, string>>;
  }): Promise<Image>;
  /** The same layers, compressed so; what is so already stays as it is, unless a level is asked for. Errors: `BLOB_UNKNOWN`. */
  recompress(layers: readonly Layer[], options: CompressionOptions): Promise<readonly Layer[]>;
  /** `docker import`: a tar stream (plain, gzip or zstd) becomes a one-layer image. */
  importTar(content: Readable, options: { readonly config: ImageRunConfig; readonly name?: Reference; readonly message?: string }): Promise<Image>;
  /** `docker save`: these images, each under those of its names, as one archive. Errors: `BLOB_UNKNOWN`. */
  save(images: readonly { readonly image: Image; readonly names: readonly Reference[] }[]): Promise<Readable>;
  /** `docker load`: the images of a docker-archive or an OCI layout (plain, gzip or zstd), all of them or none. Errors: `ARCHIVE_INVALID` and those of its parts. */
  load(archive: Readable, options: LoadOptions): Promise<readonly LoadedImage[]>;
  pull(reference: Reference, options: TransferOptions): Promise<Image>;
  push(reference: Reference, options: TransferOptions): Promise<Descriptor>;
  /** Pushes an artifact, with its blobs. Errors: `REGISTRY_FAILED`, `BLOB_UNKNOWN`. */
  pushArtifact(reference: Reference, artifact: Artifact, options: TransferOptions): Promise<Descriptor>;
  /** Puts these beside the image; of the same type only the newest stays. They go with the image. Errors: `IMAGE_UNKNOWN`. */
  attach(image: Digest, attestations: readonly Attestation[]): Promise<void>;
  /** What was put beside the image. */
  referrers(image: Image): Promise<readonly Referrer[]>;
  /** What a registry has under a name, its blobs with it, where its configuration is of that type; undefined otherwise. Errors: `REGISTRY_FAILED`. */
  fetchArtifact(reference: Reference, configType: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<FetchedArtifact | undefined>;
  /** `docker login`: whether the registry takes these credentials. Errors: `REGISTRY_FAILED` (401 when not). */
  login(registry: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<void>;
  /** What a registry has under a name, without pulling it. Errors: `REGISTRY_FAILED`. */
  inspectRemote(reference: Reference, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<RemoteImage>;
  /** The tags that a registry has of a repository. Errors: `REGISTRY_FAILED`. */
  tagsOf(reference: Reference, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<readonly string[]>;
  /** Repositories with the term in their name, by the catalogues of the configured registries or of the one that the term begins with. Errors: `REGISTRY_FAILED`. */
  search(term: string, options: Pick<TransferOptions, 'auth' | 'signal'>): Promise<FoundImages>;
  /** Called on create, tag, untag, delete, pull, push, import: Docker's image events. */
  onEvent(listener: (event: ImageEvent) => void): Disposable;
}
export type ImageRemoval = { readonly untagged: string } | { readonly deleted: Digest };
export interface ImageEvent {
  readonly action: 'pull' | 'push' | 'tag' | 'untag' | 'delete' | 'import' | 'load' | 'create';
  readonly id: string;
  readonly name?: string;
}
/** Something other than an image that registries keep in the shape of one (OCI image-spec, "Guidelines for Artifact Usage"). */
export interface Artifact {
  readonly artifactType: string;
  readonly configType: string;
  readonly config: Uint8Array;
  /** Blobs that are in the content store. */
  readonly layers: readonly Descriptor[];
}
/** Something said of an image, kept and pushed beside it (OCI image-spec 1.1, a manifest with a subject). */
export interface Attestation {
  readonly artifactType: string;
  readonly content: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}
/** A manifest whose subject is an image's. */
export interface Referrer {
  readonly descriptor: Descriptor;
  /** Its configuration, then its layers. */
  readonly blobs: readonly Descriptor[];
  readonly subject: Digest;
}
export type FetchedArtifact = Pick<Artifact, 'layers'> & { readonly config: Buffer };
export type LayerCompression = 'gzip' | 'zstd';
export interface CompressionOptions {
  readonly compression: LayerCompression;
  /** Of gzip 0 to 9, of zstd 1 to 22. */
  readonly level?: number;
}
export interface Layer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
}
export interface LoadOptions {
  readonly platform?: Platform;
  readonly progress?: (step: TransferProgress) => void;
}
export interface LoadedImage {
  readonly image: Image;
  readonly names: readonly Reference[];
  /** Names that stood for another image before. */
  readonly replaced: readonly { readonly name: Reference; readonly id: Digest }[];
}
export interface RemoteImage {
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}
export interface FoundImages {
  /** Whole names, without tags, sorted. */
  readonly names: readonly string[];
  /** Registries that could not be asked, where others could. */
  readonly failures: readonly { readonly registry: string; readonly reason: string }[];
}
export interface TransferOptions {
  readonly auth?: { readonly username: string; readonly password: string } | { readonly identityToken: string } | { readonly registryToken: string };
  readonly platform?: Platform;
  readonly progress?: (step: TransferProgress) => void;
  readonly signal?: AbortSignal;
}
/** One step of a transfer, in the words Docker's clients know. */
export interface TransferProgress {
  /** Short id of the layer, or the tag for the summary lines. */
  readonly id?: string;
  /** `Pulling fs layer`, `Downloading`, `Pull complete`, `Already exists`, `Pushed`, `Layer already exists`, `Mounted from …`. */
  readonly status: string;
  readonly current_bytes?: number;
  readonly total_bytes?: number;
}

export interface CommitOptions {
  /** Later times become this one. */
  readonly latest_ms?: number;
  /** Absolute paths that somebody made to mount upon: left out where they are empty and new, with folders that hold nothing else. */
  readonly standIns?: readonly string[];
}

/** Writable views of images: overlay mounts over unpacked layers. */
export interface Snapshots {
  /** Unpacks the layers that are not unpacked yet, and makes an empty writable layer for `key`. Durable. */
  prepare(key: string, image: Digest): Promise<void>;
  /** The same over layers that need belong to no image. They are given lowest first. */
  prepareLayers(key: string, layers: readonly Layer[]): Promise<void>;
  /** Mounts it and answers the root's path; mounting twice is fine. */
  mount(key: string): Promise<string>;
  unmount(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Bytes in the writable layer. */
  usage(key: string): Promise<number>;
  /** What the writable layer changed, as Docker's `diff` tells it. */
  changes(key: string): Promise<readonly { readonly path: string; readonly kind: 'modified' | 'added' | 'deleted' }[]>;
  /** The writable layer as a layer blob in the content store: overlay's whiteouts become OCI's. */
  commit(key: string, options?: CommitOptions): Promise<Layer>;
  /**
   * Copies a tree into it as `Trees.copy` does, and leaves it unmounted. The tree is given away: nobody changes it any more, since files that look
   * as they shall are the same ones in the layer, which moves no bytes. Errors: `TREE_INVALID`.
   */
  take(key: string, item: TreeCopyItem): Promise<void>;
  /** Commits and removes in one: the files need not be unpacked again, since the writable layer becomes the unpacked one. */
  seal(key: string, options?: CommitOptions): Promise<Layer>;
}
