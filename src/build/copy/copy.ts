import { posix } from 'node:path';
import type { Owner, TreeCopyItem } from '#image';
import { extractArchive } from '../context/archives.ts';
import { DockerfileError } from '../errors.ts';
import type { CopyOperation } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import { ownerOf } from './owner.ts';
import { excludeSources } from './patterns.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';
import { type OpenedSource, withinOf } from './sources.ts';

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
  const patterns = excludeSources(operation.excludes, line);
  const items: TreeCopyItem[] = [];
  for (const source of sources) {
    session.checkCancelled();
    const look = lookOf(operation, source, owner);
    const read = { path: source.path, excludes: patterns, within: withinOf(operation, source) };
    if (source.kind === 'archive') items.push(await unpackedItem(session, operation, source, { owner, root }));
    else if (source.kind === 'folder' && !(parents && source.name !== '')) items.push({ ...read, folder: target, ...look });
    else if (asFolder)
      items.push(...(await foldersAbove(root, target, source, look)), { ...read, folder: posix.join(target, source.above), name: source.name, ...look });
    else items.push({ ...read, ...(await placeOf(root, target)), ...look });
  }
  const [only] = items;
  // One alone, because what another one puts into the same folder would have to be there before.
  if (items.length === 1 && only !== undefined && sources.every(({ isOwn }) => isOwn)) await session.options.snapshots.take(key, only);
  else await session.options.images.trees.copy(root, items);
}

/** A target that is a link stands for what it leads to, whether that is there or not. */
async function placeOf(root: string, target: string): Promise<{ folder: string; name: string }> {
  const real = (await resolveInRoot(root, target)).slice(root.length) || '/';
  return { folder: posix.dirname(real), name: posix.basename(real) };
}

/** With `--parents`, what is kept above a source and is not there yet: the folder alone, which looks as it does where it comes from. */
async function foldersAbove(root: string, target: string, source: OpenedSource, look: object): Promise<readonly TreeCopyItem[]> {
  const items: TreeCopyItem[] = [];
  for (const { path, inside } of source.foldersAbove) {
    if (await lstatMaybe(await resolveInRoot(root, posix.join(target, inside)))) continue;
    items.push({ path, excludes: ['.+'], folder: posix.join(target, posix.dirname(inside)), name: posix.basename(inside), ...look });
  }
  return items;
}

/** Files of a context are root's unless they are given to somebody; those of an image stay whose they are. */
function lookOf(operation: CopyOperation, source: OpenedSource, owner: Owner | undefined): Pick<TreeCopyItem, 'owner' | 'mode' | 'folderOwner' | 'folderMode'> {
  const given = owner ?? (source.keepsOwner ? undefined : { uid: 0, gid: 0 });
  return {
    ...(given === undefined ? {} : { owner: given }),
    ...(operation.mode === undefined ? {} : { mode: operation.mode }),
    ...(owner === undefined ? {} : { folderOwner: owner }),
    // As the reference does: a mode in figures is that of new folders on the way too.
    ...(operation.mode !== undefined && 'octal' in operation.mode ? { folderMode: operation.mode.octal } : {}),
  };
}

/** An archive brings modes of its own, and owners where none is given. */
async function unpackedItem(
  session: BuildSession,
  operation: CopyOperation,
  source: OpenedSource,
  { owner, root }: { readonly owner: Owner | undefined; readonly root: string },
): Promise<TreeCopyItem> {
  const folder = await session.newFolder();
  const path = posix.join(folder, 'unpacked');
  const archiveFolders = await extractArchive(source.path, path, { bounds: session.options.images.bounds, folder }, session.signal);
  const place = owner === undefined ? { folderOwner: { uid: 0, gid: 0 } } : { owner, folderOwner: owner };
  if (archiveFolders) return { path, folder: operation.target, archiveFolders, ...place };
  // It looked like an archive and is none: then it is a file as any other.
  const look = lookOf(operation, source, owner);
  return operation.intoFolder
    ? { path: source.path, folder: operation.target, name: source.name, ...look }
    : { path: source.path, ...(await placeOf(root, operation.target)), ...look };
}

/** The operation in words, for lists of the cache. */
export function copyText({ instruction, sources, target }: CopyOperation): string {
  const names = sources.map((source) => (source.kind === 'path' ? source.path : source.kind === 'text' ? `<<${source.name}` : 'a fetched file'));
  return [instruction, ...names, target].join(' ');
}
