import { createHash } from 'node:crypto';
import { chainIds, type ImageRunConfig, type Layer } from '#image';
import type { CopyOperation, PlannedMount, RunOperation, WorkdirOperation } from './graph.ts';

/** What an operation does to files, as a number: raised when the same operation makes something else than before, so that no older cache answers. */
const MEANING = { copy: 2, workdir: 2 } as const;

/** What stands below a step, as one word: the same files, the same word. */
export function chainOf(layers: readonly Layer[]): string {
  return chainIds(layers.map(({ diffId }) => diffId)).at(-1) ?? 'scratch';
}

/** The key of a RUN: all that its result may depend on. `contents` are hashes of what is mounted, in the mounts' order. Pure. */
export function runKey(operation: RunOperation, chain: string, contents: readonly string[], epoch_ms: number | undefined): string {
  const { words, environment, workingDirectory, user, network, insecure, hostname, mounts } = operation;
  return keyOf([
    'run',
    chain,
    words,
    environment,
    workingDirectory,
    user,
    network,
    insecure,
    mounts.map(mountFacts),
    contents,
    epoch_ms,
    ...(hostname === undefined ? [] : [hostname]),
  ]);
}

/** Of a mount, what is not told by its content. A secret counts by its name only. */
function mountFacts(mount: PlannedMount): unknown {
  switch (mount.type) {
    case 'bind':
      return ['bind', mount.target, mount.readWrite];
    case 'cache':
      return ['cache', mount.target, mount.id, mount.readOnly];
    case 'ssh':
      return ['ssh', mount.id, mount.target, mount.mode, mount.uid, mount.gid];
    case 'secret':
      return ['secret', mount.id, mount.target, mount.variable, mount.mode, mount.uid, mount.gid];
    case 'tmpfs':
    case 'script':
      return mount;
  }
}

/** The key of a COPY or ADD, from the hash of what is copied. The layers below count unless it stands by itself. Pure. */
export function copyKey(operation: CopyOperation, chain: string, content: string, epoch_ms: number | undefined): string {
  const { instruction, target, intoFolder, chown, mode, parents, sources, excludes } = operation;
  const names = sources.map((source) => (source.kind === 'path' ? [source.path, source.unpack] : source.kind === 'text' ? source.name : source.unpack));
  const below = operation.below === undefined ? 'link' : chain;
  // The names of sources count where they name what is made; the hash has them there. Their number says whether a folder is meant.
  return keyOf([
    'copy',
    MEANING.copy,
    instruction,
    below,
    target,
    intoFolder,
    chown,
    mode,
    parents,
    parents ? names : names.length,
    parents ? excludes : [],
    content,
    epoch_ms,
  ]);
}

export function workdirKey(operation: WorkdirOperation, chain: string, epoch_ms: number | undefined): string {
  return keyOf(['workdir', MEANING.workdir, chain, operation.path, epoch_ms, ...(operation.user === '' ? [] : [operation.user])]);
}

/** A key that needs no file to be read: what is copied from a stage or image is told by its layers. Pure. */
export function quickCopyKey(operation: CopyOperation, chain: string, sources: readonly string[], epoch_ms: number | undefined): string {
  const { line: _line, below: _below, upon: _upon, ...facts } = operation;
  const paths = facts.sources.map((source) => (source.kind === 'text' ? source : { ...source, from: '' }));
  return keyOf(['quick', MEANING.copy, { ...facts, sources: paths }, operation.below === undefined ? 'link' : chain, sources, epoch_ms]);
}

/** Names a step that changes the configuration only. */
export function stepKey(before: string, config: ImageRunConfig, author: string | undefined): string {
  return keyOf(['step', before, config, author]);
}

/** The key of anything that JSON can say. */
export function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
