import { createHash } from 'node:crypto';
import type { Digest, ImageRunConfig, Layer, ModeChange } from '#image';

/** A vertex by the digest of its definition: the same work has the same id. */
export type VertexId = string & { readonly __brand: 'VertexId' };
/** Files that a build was sent: the context, or one that has a name. */
export type ContextFiles = 'context' | `context:${string}`;
/** Where files come from. */
export type FilesFrom = ContextFiles | VertexId;

/** One piece of work; nothing in it depends on when or where it is done. */
export type Operation = ImageOperation | RunOperation | CopyOperation | WorkdirOperation | UrlOperation | GitOperation;

/** An image's layers, or none: `scratch`. */
export interface ImageOperation {
  readonly kind: 'image';
  readonly layers: readonly Layer[];
}
export interface RunOperation {
  readonly kind: 'run';
  readonly below: VertexId;
  /** The image at the bottom of the stage. */
  readonly image: Digest | undefined;
  readonly words: readonly string[];
  /** The configuration's variables, then the arguments that the step sees. */
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly network: string;
  readonly insecure: boolean;
  /** The container's own id when left out. */
  readonly hostname?: string;
  readonly mounts: readonly PlannedMount[];
}
export type PlannedMount =
  | { readonly type: 'bind'; readonly target: string; readonly from: FilesFrom; readonly source: string; readonly readWrite: boolean }
  | ({
      readonly type: 'cache';
      readonly target: string;
      readonly id: string;
      readonly from: FilesFrom | undefined;
      readonly source: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly readOnly: boolean;
    } & Access)
  | { readonly type: 'tmpfs'; readonly target: string; readonly size_bytes: number | undefined; readonly readOnly: boolean }
  | ({
      readonly type: 'ssh';
      readonly id: string;
      readonly target: string;
      /** SSH_AUTH_SOCK names it. */
      readonly isNamed: boolean;
      readonly required: boolean;
    } & Access)
  | ({
      readonly type: 'secret';
      readonly id: string;
      /** Undefined: no file. */
      readonly target: string | undefined;
      readonly variable: string | undefined;
      readonly required: boolean;
    } & Access)
  /** A here-document that names its own interpreter. */
  | { readonly type: 'script'; readonly target: string; readonly content: string };
interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface CopyOperation {
  readonly kind: 'copy';
  readonly instruction: 'COPY' | 'ADD';
  /** What it depends on; undefined where the layer stands by itself. */
  readonly below: VertexId | undefined;
  /** What the layer is put upon. */
  readonly upon: VertexId;
  readonly sources: readonly PlannedSource[];
  /** Absolute. */
  readonly target: string;
  /** The target was written as a folder. */
  readonly intoFolder: boolean;
  readonly chown: string;
  readonly mode: ModeChange | undefined;
  readonly parents: boolean;
  /** Patterns. */
  readonly excludes: readonly string[];
  readonly line: number;
}
export type PlannedSource =
  | { readonly kind: 'path'; readonly from: FilesFrom; readonly path: string; readonly unpack: boolean }
  | { readonly kind: 'text'; readonly name: string; readonly content: string }
  /** A vertex that fetches: all it brings. */
  | { readonly kind: 'fetched'; readonly from: VertexId; readonly unpack: boolean };
export interface WorkdirOperation {
  readonly kind: 'workdir';
  readonly below: VertexId;
  readonly path: string;
  /** Whose the folders are that it makes; empty: root's. */
  readonly user: string;
}
export interface UrlOperation {
  readonly kind: 'url';
  readonly url: string;
  readonly checksum: string | undefined;
}
export interface GitOperation {
  readonly kind: 'git';
  readonly url: string;
  readonly keepGitFolder: boolean;
  readonly checksum: string | undefined;
}

export interface Vertex {
  readonly id: VertexId;
  readonly operation: Operation;
  readonly inputs: readonly VertexId[];
}

/** One line of a stage, in the order of the file. */
export interface PlannedStep {
  readonly line: number;
  readonly text: string;
  /** `announced` counts and says `Step n/m`; a trigger of the base does not. */
  readonly announced: boolean;
  /** Said before it. */
  readonly preface?: string;
  readonly kind: 'global' | 'base' | 'argument' | 'metadata' | 'work';
  readonly vertex?: VertexId;
  /** What the image's history says of it. */
  readonly history?: { readonly text: string; readonly author?: string };
  readonly config: ImageRunConfig;
}
export interface PlannedStage {
  readonly index: number;
  readonly name: string | undefined;
  readonly steps: readonly PlannedStep[];
  readonly result: StageResult;
}
/** What a stage comes to. */
export interface StageResult {
  /** What its files stand on. */
  readonly top: VertexId;
  /** The image at the bottom; none for `scratch`. */
  readonly base: Digest | undefined;
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
  /** Build arguments with their values: stages that stand on this one inherit them. */
  readonly args: ReadonlyMap<string, string>;
  /** What was done upon the image at the bottom. */
  readonly history: readonly { readonly text: string; readonly author?: string; readonly vertex?: VertexId }[];
}
export interface Plan {
  readonly globals: readonly PlannedStep[];
  /** What the target needs, in the order of the file; the target is the last. */
  readonly stages: readonly PlannedStage[];
  readonly vertices: ReadonlyMap<VertexId, Vertex>;
  readonly usedArgs: ReadonlySet<string>;
}

/** The vertex of an operation. Pure. */
export function vertexOf(operation: Operation): Vertex {
  // A digest of the definition is what the brand stands for.
  const id = createHash('sha256').update(JSON.stringify(operation)).digest('hex') as VertexId;
  return { id, operation, inputs: inputsOf(operation) };
}

function inputsOf(operation: Operation): readonly VertexId[] {
  switch (operation.kind) {
    case 'image':
    case 'url':
    case 'git':
      return [];
    case 'workdir':
      return [operation.below];
    case 'run':
      return [operation.below, ...operation.mounts.flatMap((mount) => ('from' in mount ? vertexIn(mount.from) : []))];
    case 'copy':
      return [operation.upon, ...operation.sources.flatMap((source) => (source.kind === 'text' ? [] : vertexIn(source.from)))];
  }
}

function vertexIn(from: FilesFrom | undefined): readonly VertexId[] {
  return from === undefined || isContext(from) ? [] : [from];
}

/** A vertex is named by a digest, which has no such word in it. */
export function isContext(from: FilesFrom): from is ContextFiles {
  return from.startsWith('context');
}
