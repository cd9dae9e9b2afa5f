import { readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { looksLikeArchive } from '../context/archives.ts';
import { BuildStepError } from '../errors.ts';
import type { Fetched } from '../execute/fetched.ts';
import { isContext } from '../plan/graph.ts';
import type { CopyOperation, FilesFrom, PlannedSource, VertexId } from '../plan/graph.ts';
import { keyOf } from '../plan/keys.ts';
import type { BuildSession } from '../session.ts';
import { excludeSources, hasWildcards, matchingPaths } from './patterns.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';

/** One thing to copy: where it is now, and what it is called. */
export interface OpenedSource {
  readonly path: string;
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'archive';
  /** With `--parents`: the folders above it that are kept. */
  readonly above: string;
  /** These folders where they are, and what they are called below the target. */
  readonly foldersAbove: readonly { readonly path: string; readonly inside: string }[];
  /** Whether its owners are kept: they are somebody's in an image, and nobody's in a context. */
  readonly keepsOwner: boolean;
  /** It is this build's alone, which changes nothing of it. */
  readonly isOwn: boolean;
}
export interface CopyRoots {
  rootOf(from: FilesFrom): Promise<string>;
  fetchedOf(from: VertexId): Promise<Fetched>;
}

/** Finds what a COPY or ADD names. Errors: `BUILD_STEP_FAILED` where nothing is there. */
export async function openSources(session: BuildSession, operation: CopyOperation, roots: CopyRoots): Promise<readonly OpenedSource[]> {
  const opened: OpenedSource[] = [];
  for (const source of operation.sources) {
    if (source.kind === 'text') opened.push(await openText(session, source));
    else if (source.kind === 'fetched') opened.push(...(await openFetched(operation, source, await roots.fetchedOf(source.from))));
    else opened.push(...(await openPaths(operation, source, await roots.rootOf(source.from))));
  }
  return opened;
}

/** The hash of what the sources hold: part of the cache key. */
export async function hashSources(session: BuildSession, operation: CopyOperation, sources: readonly OpenedSource[]): Promise<string> {
  const excludes = excludeSources(operation.excludes, operation.line);
  const hashes: string[] = [];
  for (const { path, name, kind, above, foldersAbove, keepsOwner } of sources) {
    const within = withinOf(operation, { above, name, kind });
    const folders = foldersAbove.map((folder) => ({ path: folder.path, name: folder.inside, excludes: ['.+'] }));
    const contentOnly = kind === 'folder' && !operation.parents;
    const items = [...folders, { path, name: contentOnly ? '' : join(above, name), excludes, within, contentOnly }];
    hashes.push(kind, await session.hash(items, keepsOwner && operation.chown === ''));
  }
  return keyOf(hashes);
}

/** Patterns of `--exclude` begin at the source, with `--parents` where the kept folders begin. */
export function withinOf({ parents }: CopyOperation, { above, name, kind }: Pick<OpenedSource, 'above' | 'name' | 'kind'>): string {
  if (!parents) return '';
  return kind === 'folder' ? join(above, name) : above;
}

async function openText(session: BuildSession, source: Extract<PlannedSource, { kind: 'text' }>): Promise<OpenedSource> {
  const path = join(await session.newFolder(), 'text');
  await writeFile(path, source.content, { mode: 0o644 });
  return { path, name: source.name, kind: 'file', above: '', foldersAbove: [], keepsOwner: false, isOwn: true };
}

/** A file from a URL, or a folder from a repository. */
async function openFetched(operation: CopyOperation, source: Extract<PlannedSource, { kind: 'fetched' }>, fetched: Fetched): Promise<readonly OpenedSource[]> {
  const common = { above: '', foldersAbove: [], keepsOwner: false, isOwn: false };
  if (fetched.name === undefined) return [{ ...common, path: fetched.root, name: '', kind: 'folder' }];
  const path = join(fetched.root, (await readdir(fetched.root))[0] ?? '');
  const isArchive = source.unpack && (await looksLikeArchive(path));
  if (fetched.name === '' && operation.intoFolder && !isArchive)
    throw new BuildStepError(`ADD failed: cannot tell a file name from ${fetched.what}: write the whole target, with the name that the file shall have`);
  return [{ ...common, path, name: fetched.name, kind: isArchive ? 'archive' : 'file' }];
}

async function openPaths(operation: CopyOperation, source: Extract<PlannedSource, { kind: 'path' }>, root: string): Promise<readonly OpenedSource[]> {
  const { before, pattern } = pivoted(operation, source.path);
  const base = before === '' ? root : await resolveInRoot(root, before);
  const opened: OpenedSource[] = [];
  for (const path of await matchingPaths(base, pattern)) {
    const real = await resolveInRoot(base, path);
    const stats = await lstatMaybe(real);
    if (!stats) continue;
    const above = operation.parents && path !== '' ? dirname(path).replace(/^\.$/, '') : '';
    const isArchive = source.unpack && stats.isFile() && (await looksLikeArchive(real));
    const kind = stats.isDirectory() ? 'folder' : isArchive ? 'archive' : 'file';
    const folders = above.split('/').map((_name, index, names) => names.slice(0, index + 1).join('/'));
    const foldersAbove = above === '' ? [] : await Promise.all(folders.map(async (inside) => ({ path: await resolveInRoot(base, inside), inside })));
    const fromContext = isContext(source.from);
    opened.push({ path: real, name: basename(path), kind, above, foldersAbove, keepsOwner: !fromContext, isOwn: fromContext });
  }
  // As in the reference, wildcards may fit nothing.
  if (opened.length === 0 && !hasWildcards(source.path))
    throw new BuildStepError(
      `${operation.instruction} failed: no source files were specified or found: file not found in build context or excluded by .dockerignore: stat ${source.path}: file does not exist`,
    );
  return opened;
}

/** With `--parents`, the folders before `/./` are not kept. */
function pivoted(operation: CopyOperation, path: string): { before: string; pattern: string } {
  const at = operation.parents ? path.indexOf('/./') : -1;
  return at < 0 ? { before: '', pattern: path } : { before: path.slice(0, at), pattern: path.slice(at + 3) };
}
