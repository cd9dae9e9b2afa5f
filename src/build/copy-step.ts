import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import type { Image, Layer } from '#image';
import { extractArchive } from './context.ts';
import type { Instruction } from './dockerfile/parse.ts';
import { BuildStepError, DockerfileError } from './errors.ts';
import { globToSource } from './ignore.ts';
import { lstatMaybe, makeFolders, resolveInRoot } from './root-path.ts';
import type { BuildSession } from './session.ts';
import { type CopyLook, copyTree, hashTree } from './tree.ts';

export type CopyInstruction = Extract<Instruction, { kind: 'COPY' | 'ADD' }>;

/** One thing to copy: where it is now and what it is called. */
export interface CopySource {
  readonly path: string;
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'archive';
}

/** Finds what the instruction names below `root`; wildcards are Go's. `folder` takes what has to be made first (here-documents, archives). */
export async function findSources(
  instruction: CopyInstruction,
  root: string,
  folder: string,
  signal: AbortSignal,
  texts: readonly string[],
): Promise<readonly CopySource[]> {
  const sources: CopySource[] = [];
  for (const [index, name] of instruction.sources.entries()) {
    if (/^(?:https?|ftp|git):\/\/|^git@/.test(name))
      throw new DockerfileError(
        instruction.line,
        `${instruction.kind} of a URL is not supported: "${name}"; fetch it in a RUN instruction or put it in the context`,
      );
    for (const path of await matches(root, name)) {
      const real = await resolveInRoot(root, path);
      const stat = await lstatMaybe(real);
      if (!stat) throw missing(instruction, name);
      const unpacked = join(folder, `archive-${index}`);
      if (stat.isDirectory()) sources.push({ path: real, name: basename(path), kind: 'folder' });
      else if (instruction.kind === 'ADD' && stat.isFile() && (await extractArchive(real, unpacked, signal)))
        sources.push({ path: unpacked, name: basename(path), kind: 'archive' });
      else sources.push({ path: real, name: basename(path), kind: 'file' });
    }
    if (sources.length === 0) throw missing(instruction, name);
  }
  for (const [index, heredoc] of instruction.heredocs.entries()) {
    const path = join(folder, `heredoc-${index}`);
    await writeFile(path, texts[index] ?? heredoc.content, { mode: 0o644 });
    sources.push({ path, name: heredoc.name, kind: 'file' });
  }
  return sources;
}

/** Hash of what the sources hold: part of the cache key. */
export async function hashSources(sources: readonly CopySource[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) await hashTree(hash, source.path, source.kind === 'file' ? source.name : '', source.kind === 'archive');
  return hash.digest('hex');
}

/** Copies the sources into a fresh layer upon `parent`. `target` is expanded. */
export async function copyStep(
  session: BuildSession,
  parent: Image,
  sources: readonly CopySource[],
  target: { path: string; chown: string | undefined; chmod: string | undefined; line: number },
): Promise<Layer> {
  return session.withSnapshot(parent, async (root, key) => {
    const owner = await ownerOf(root, target.chown, target.line);
    const look: CopyLook = { owner, mode: fileMode(target.chmod, target.line) };
    const absolute = posix.resolve(parent.config.config.WorkingDir || '/', target.path);
    const asFolder =
      /(?:^|\/)\.{0,2}$/.test(target.path) || sources.length > 1 || (await lstatMaybe(await resolveInRoot(root, absolute)))?.isDirectory() === true;
    if (sources.length > 1 && !/(?:^|\/)\.{0,2}$/.test(target.path) && sources.some((source) => source.kind === 'file'))
      throw new DockerfileError(target.line, 'When using COPY or ADD with more than one source file, the destination must be a directory and end with a /');
    for (const source of sources) {
      session.checkCancelled();
      if (source.kind === 'file') {
        const parentFolder = await makeFolders(root, asFolder ? absolute : posix.dirname(absolute), owner);
        await copyTree(
          source.path,
          await resolveInRoot(root, join(parentFolder.path.slice(root.length), asFolder ? source.name : posix.basename(absolute)), { followLast: !asFolder }),
          look,
        );
      } else {
        const folder = await makeFolders(root, absolute, owner);
        const inner = source.kind === 'archive' ? { owner: undefined, mode: undefined } : look;
        for (const child of await readdir(source.path)) await copyInto(root, source.path, folder.path, child, inner);
      }
    }
    return session.options.snapshots.commit(key);
  });
}

async function copyInto(root: string, from: string, to: string, child: string, look: CopyLook): Promise<void> {
  const source = join(from, child);
  const followed = (await lstat(source)).isDirectory();
  // A folder of the image may be a link (`/lib` to `usr/lib`): merge into what it leads to, never out of the root.
  const target = await resolveInRoot(root, join(to.slice(root.length), child), { followLast: followed });
  const existing = await lstatMaybe(target);
  if (!followed || !existing?.isDirectory()) return copyTree(source, target, look);
  for (const inner of await readdir(source)) await copyInto(root, source, target, inner, look);
  return undefined;
}

async function matches(root: string, pattern: string): Promise<readonly string[]> {
  const clean = posix.resolve('/', pattern).slice(1);
  if (!/[*?[\\]/.test(clean)) return [clean];
  let found = [''];
  for (const part of clean.split('/')) {
    const matcher = new RegExp(`^${globToSource(part)}$`, 'su');
    const next: string[] = [];
    for (const folder of found) {
      const path = await resolveInRoot(root, folder);
      if (!(await lstatMaybe(path))?.isDirectory()) continue;
      for (const name of (await readdir(path)).sort()) if (matcher.test(name)) next.push(folder === '' ? name : `${folder}/${name}`);
    }
    found = next;
  }
  return found;
}

function missing(instruction: CopyInstruction, name: string): BuildStepError {
  return new BuildStepError(
    `${instruction.kind} failed: no source files were specified or found: file not found in build context or excluded by .dockerignore: stat ${name}: file does not exist`,
  );
}

/** `--chmod`: an octal mode. */
function fileMode(text: string | undefined, line: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-7]{1,4}$/.test(text)) throw new DockerfileError(line, `invalid chmod parameter: '${text}' (it should be octal, between 0 and 07777)`);
  return Number.parseInt(text, 8);
}

/** `--chown`: `user[:group]`, numbers or names of the image's own passwd and group files. Without it: root. */
async function ownerOf(root: string, chown: string | undefined, line: number): Promise<{ uid: number; gid: number }> {
  if (chown === undefined || chown === '') return { uid: 0, gid: 0 };
  const [user = '', group] = chown.split(':');
  const uid = await lookUp(root, '/etc/passwd', user, line);
  return {
    uid,
    gid: group === undefined ? (/^\d+$/.test(user) ? uid : await lookUp(root, '/etc/passwd', user, line, 3)) : await lookUp(root, '/etc/group', group, line),
  };
}

async function lookUp(root: string, file: string, name: string, line: number, column = 2): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const path = await resolveInRoot(root, file);
  const content = (await lstatMaybe(path))?.isFile() ? await readFile(path, 'utf8') : '';
  const entry = content
    .split('\n')
    .map((text) => text.split(':'))
    .find((fields) => fields[0] === name);
  if (!entry) throw new DockerfileError(line, `unable to convert uid/gid chown string to host mapping: can't find ${name} in ${file} of the image`);
  return Number(entry[column]);
}

/** Makes the WORKDIR, when it is not there yet: then a layer, else undefined. */
export async function workdirStep(session: BuildSession, parent: Image, path: string): Promise<Layer | undefined> {
  return session.withSnapshot(parent, async (root, key) => {
    const { made } = await makeFolders(root, path, { uid: 0, gid: 0 });
    return made ? session.options.snapshots.commit(key) : undefined;
  });
}

/** Empties a folder of a step's own. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
