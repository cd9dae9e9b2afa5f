import type { Readable } from 'node:stream';
import type { ResourceLimits } from '#engine';
import type { CacheEntry, PruneRequest } from './cache/choose.ts';
import type { ExportedCache } from './cache/exported.ts';
import type { CacheRecord } from './cache/record.ts';
export type { CacheEntry, CacheRecord, PruneRequest };
import type { CompressionOptions, Descriptor, Digest, Image, Platform, Reference, TransferOptions } from '#image';

/** What to build: the words of `POST /build`, already parsed. */
export interface BuildRequest {
  /** A tar stream, plain or compressed by gzip, bzip2, xz or zstd. */
  readonly context: Readable;
  /** Path of the Dockerfile inside the context; `Dockerfile` when left out. */
  readonly dockerfile?: string;
  readonly tags: readonly Reference[];
  /** A null value takes the Dockerfile's default, as the client sends it for an unset variable. */
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache?: boolean;
  /** Stages, by name or number, whose steps are made anew. */
  readonly noCacheStages?: readonly string[];
  /** Ask the registry for the base images even when they are here. */
  readonly pull?: boolean;
  /** `default`, `bridge`, `none`, `host` or a network of the engine. */
  readonly networkMode?: string;
  readonly resources?: ResourceLimits;
  readonly shmSize_bytes?: number;
  readonly extraHosts?: readonly string[];
  /** By their ids; they enter no layer, no history and no key of the cache. */
  /** Sockets of SSH agents on this machine, by id. */
  readonly sshAgents?: ReadonlyMap<string, string>;
  readonly secrets?: ReadonlyMap<string, Uint8Array>;
  /** `RUN --security=insecure` may be used. */
  readonly allowInsecure?: boolean;
  /** The files of a RUN that fails become an image, which the output names. */
  readonly keepFailed?: boolean;
  /** What stands in place of stages and images of these names. */
  readonly namedContexts?: ReadonlyMap<string, GivenContext>;
  /** In place of the context's stream: the address of a repository, of a tar or of a lone Dockerfile. */
  readonly remote?: string;
  /** Images whose inline cache may be used, pulled where they are not here. */
  readonly cacheFrom?: readonly string[];
  /** Where the cache of this build's steps is pushed to. */
  readonly cacheTo?: readonly CacheExport[];
  /** The output tells what the steps made, for a cache that the client keeps. */
  readonly cacheSteps?: CacheExport['mode'];
  /** The image carries the keys of its steps, for `cacheFrom`. */
  readonly cacheInline?: boolean;
  readonly platform?: Platform;
  /** How the image's layers are compressed: those that the build made, with `force` those of its base too. */
  readonly compression?: CompressionOptions & { readonly force: boolean };
  /** The output tells of each step when it begins and ends, besides the story in the order of the file. */
  readonly stepEvents?: boolean;
  /** What is made and put beside the image. */
  readonly attest?: AttestRequest;
  /** Credentials for the registry of a base image. */
  readonly auth?: (registry: string) => TransferOptions['auth'];
  /** Aborting it ends the running step and the build. */
  readonly signal?: AbortSignal;
}

/** An image by name or id, a repository, or what `takeContext` answered. */
export type GivenContext =
  | { readonly kind: 'image'; readonly name: string }
  | { readonly kind: 'git'; readonly url: string }
  | { readonly kind: 'sent'; readonly id: string };

/** The values of build arguments and the Dockerfile's text are in a provenance of `max` only. */
export interface AttestRequest {
  readonly sbom: boolean;
  readonly provenance?: 'min' | 'max';
  /** Of which commit the context is, as the client says. */
  readonly source?: { readonly remote?: string; readonly commit: string; readonly isChanged: boolean };
}

/** `min` has the steps of the last stage, `max` those of all that were needed. */
export interface CacheExport {
  readonly reference: Reference;
  readonly mode: 'min' | 'max';
}

/** A step of a build, in the words of its file; `number` of `total` in its stage. */
export interface StepName {
  readonly id: number;
  readonly name: string;
  readonly stage: string;
  readonly number: number;
  readonly total: number;
}
/** What happens to a step, so many milliseconds after the plan was made. */
export type StepEvent =
  | { readonly id: number; readonly at_ms: number; readonly state: 'started' | 'cached' | 'done' | 'cancelled' }
  | { readonly id: number; readonly at_ms: number; readonly state: 'failed'; readonly message: string }
  | { readonly id: number; readonly at_ms: number; readonly state: 'log'; readonly text: string };

/** One line of the build's own story, in the shape Docker's clients read. */
export type BuildOutput =
  | { readonly stream: string }
  | { readonly aux: { readonly ID: Digest } }
  /** For requests with `stepEvents` only. */
  | { readonly aux: { readonly Steps: readonly StepName[] } }
  | { readonly aux: { readonly Step: StepEvent } }
  /** For requests with `cacheSteps` only. */
  | { readonly aux: { readonly CacheSteps: ExportedCache } }
  /** An image with the files of the step that failed. */
  | { readonly aux: { readonly FailedStep: Digest } }
  | { readonly status: string; readonly id?: string; readonly progressDetail?: { readonly current?: number; readonly total?: number } };

/** Takes the output; a promise asks a running step to wait until it resolves. */
export type BuildListener = (output: BuildOutput) => void | Promise<void>;

export interface Builder {
  /** Removes what an earlier process left half-made: build containers, snapshots and contexts. */
  start(): Promise<void>;
  /** Ends running builds and waits for their cleaning up. */
  stop(): Promise<void>;
  /**
   * Builds an image and names it. Errors: `DOCKERFILE_INVALID` (400, with the line), `BUILD_STEP_FAILED`, `BUILD_CONTEXT_INVALID`,
   * `BUILD_CANCELLED`, and those of engine and image.
   */
  build(request: BuildRequest, onOutput: BuildListener): Promise<Image>;
  /**
   * Takes in a context for `namedContexts`, a tar stream as of a build's own; it is one build's, or goes after some minutes. Errors: as of a build's
   * context.
   */
  takeContext(content: Readable, signal: AbortSignal): Promise<string>;
  /** What the cache has, and how it is used. */
  entries(): Promise<readonly CacheEntry[]>;
  /** Remembers the steps that a client kept (`CacheSteps`) and whose layers are in the content store; answers the layers that are not. */
  takeSteps(exported: unknown): Promise<readonly Descriptor[]>;
  /** Forgets cached work; answers it, and the bytes that were freed. */
  prune(request: PruneRequest): Promise<{ readonly records: readonly CacheRecord[]; readonly bytes: number }>;
}
