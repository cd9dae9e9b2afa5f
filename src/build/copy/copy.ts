import { posix } from 'node:path';
import type { Owner, TreeCopyItem } from '#image';
import { extractArchive } from '../context/archives.ts';
import { DockerfileError } from '../errors.ts';
import type { CopyOperation } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import { ownerOf } from './owner.ts';
import { excludeSources } from './patterns.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';
import type { OpenedSource } from './sources.ts';

export type { CopyRoots } from './sources.ts';

/** Copies what was found into the snapshot `key`, which is mounted at `root`; it may be unmounted afterwards. Errors: `DockerfileError`, `TREE_INVALID`, `BUILD_CONTEXT_INVALID`. */
export async function copyFiles(
  session: BuildSession,
  operation: CopyOperation,
  sources: readonly OpenedSource[],
  { root, key }: { readonly root: string; readonly key: string },
): Promise<void> {
  const { target, intoFolder, line, parents } = operation;
  const owner = await ownerOf(root, operation.chown, line);
  const isFolder = (await lstatMaybe(await resolveInRoot(root, target)))?.isDirectory() === true;
  if (sources.length > 1 && !intoFolder && sources.some(({ kind }) => kind === 'file'))
    throw new DockerfileError(line, 'When using COPY or ADD with more than one source file, the destination must be a directory and end with a /');
  const asFolder = intoFolder || sources.length > 1 || isFolder || parents;
  const excludes = excludeSources(operation.excludes, line);
  const items: TreeCopyItem[] = [];
  for (const source of sources) {
    session.checkCancelled();
    const look = lookOf(operation, source, owner);
    if (source.kind === 'archive') items.push(await unpackedItem(session, operation, source, owner));
    else if (source.kind === 'folder' && !(parents && source.name !== '')) items.push({ path: source.path, excludes, folder: target, ...look });
    else if (asFolder) items.push({ path: source.path, excludes, folder: posix.join(target, source.above), name: source.name, ...look });
    else items.push({ path: source.path, excludes, folder: posix.dirname(target), name: posix.basename(target), ...look });
  }
  const [only] = items;
  // One alone, because what another one puts into the same folder would have to be there before.
  if (items.length === 1 && only !== undefined && sources.every(({ isOwn }) => isOwn)) await session.options.snapshots.take(key, only);
  else await session.options.images.trees.copy(root, items);
}

/** Files of a context are root's unless they are given to somebody; those of an image stay whose they are. */
function lookOf(operation: CopyOperation, source: OpenedSource, owner: Owner | undefined): Pick<TreeCopyItem, 'owner' | 'mode' | 'folderOwner'> {
  const given = owner ?? (source.keepsOwner ? undefined : { uid: 0, gid: 0 });
  return {
    ...(given === undefined ? {} : { owner: given }),
    ...(operation.mode === undefined ? {} : { mode: operation.mode }),
    ...(owner === undefined ? {} : { folderOwner: owner }),
  };
}

/** An archive brings owners and modes of its own. */
async function unpackedItem(session: BuildSession, operation: CopyOperation, source: OpenedSource, owner: Owner | undefined): Promise<TreeCopyItem> {
  const folder = await session.newFolder();
  const path = posix.join(folder, 'unpacked');
  const isUnpacked = await extractArchive(source.path, path, { bounds: session.options.images.bounds, folder }, session.signal);
  const place = { folderOwner: owner ?? { uid: 0, gid: 0 } };
  if (isUnpacked) return { path, folder: operation.target, ...place };
  // It looked like an archive and is none: then it is a file as any other.
  const look = lookOf(operation, source, owner);
  return operation.intoFolder
    ? { path: source.path, folder: operation.target, name: source.name, ...look }
    : { path: source.path, folder: posix.dirname(operation.target), name: posix.basename(operation.target), ...look };
}

/** The operation in words, for lists of the cache. */
export function copyText({ instruction, sources, target }: CopyOperation): string {
  const names = sources.map((source) => (source.kind === 'path' ? source.path : source.kind === 'text' ? `<<${source.name}` : 'a fetched file'));
  return [instruction, ...names, target].join(' ');
}
