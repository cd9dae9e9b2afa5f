import type { Readable } from 'node:stream';
import type { ResourceLimits } from '#engine';
import type { Digest, Image, Platform, Reference, TransferOptions } from '#image';

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
  /** Ask the registry for the base images even when they are here. */
  readonly pull?: boolean;
  /** `default`, `bridge`, `none`, `host` or a network of the engine. */
  readonly networkMode?: string;
  readonly resources?: ResourceLimits;
  readonly shmSize_bytes?: number;
  readonly extraHosts?: readonly string[];
  readonly platform?: Platform;
  /** Credentials for the registry of a base image. */
  readonly auth?: (registry: string) => TransferOptions['auth'];
  /** Aborting it ends the running step and the build. */
  readonly signal?: AbortSignal;
}

/** One line of the build's own story, in the shape Docker's clients read. */
export type BuildOutput =
  | { readonly stream: string }
  | { readonly aux: { readonly ID: Digest } }
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
   * Forgets the cached steps that led to `image`, as far as no other cached image needs them, so that it may be deleted.
   * Answers the images that the cache no longer holds, newest first.
   */
  forget(image: Digest): Promise<readonly Digest[]>;
  /** Forgets every cached step; answers the images that the cache no longer holds. */
  prune(): Promise<readonly Digest[]>;
}
