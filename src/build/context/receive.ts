import { mkdir, readdir, readFile, rmdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { contextInvalid } from '../errors.ts';
import { compressionOption, runTar } from './archives.ts';
import { ignoreFileNames, ignoreMatcher, type IgnoreMatcher } from '../ignore.ts';
import { lstatMaybe, resolveInRoot } from '../copy/root-path.ts';

/** Pieces are gathered to so much: clients send a header, then a file, and each would be written by itself. */
const PIECE_BYTES = 128 * 1024;
const MAGIC_BYTES = 6;

/**
 * Unpacks the context into the new folder `path`; answers its bytes. It is done by a child (`tar`), which strips leading slashes and `..` and
 * makes links that point outside only at the end, so nothing is written elsewhere. Errors: `BUILD_CONTEXT_INVALID`.
 */
export async function extractContext(content: Readable, path: string, signal: AbortSignal): Promise<number> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  let bytes = 0;
  const counted = gathered(content, (piece) => (bytes += piece.length));
  const { value: head } = await counted.next();
  if (head === undefined) throw contextInvalid('The build context is empty: send a tar stream with at least a Dockerfile');
  const option = compressionOption(head);
  async function* whole(first: Buffer): AsyncGenerator<Buffer> {
    yield first;
    yield* counted;
  }
  await runTar(
    ['--extract', '--file', '-', '--directory', path, '--no-same-owner', '--same-permissions', '--delay-directory-restore', ...(option ? [option] : [])],
    whole(head),
    signal,
  );
  return bytes;
}

/** The stream in larger pieces, the first long enough to tell what it is. What has come is handed on before more is waited for. */
async function* gathered(content: Readable, onPiece: (piece: Buffer) => void): AsyncGenerator<Buffer, undefined> {
  let [waiting, size]: [Buffer[], number] = [[], 0];
  let isFirst = true;
  for await (const chunk of content) {
    const bytes = chunk as Buffer; // a stream without an encoding gives buffers
    waiting.push(bytes);
    size += bytes.length;
    const isEnough = size >= PIECE_BYTES || content.readableLength === 0;
    if (!isEnough || (isFirst && size < MAGIC_BYTES)) continue;
    isFirst = false;
    const piece = waiting.length === 1 ? bytes : Buffer.concat(waiting);
    [waiting, size] = [[], 0];
    onPiece(piece);
    yield piece;
  }
  if (size === 0) return undefined;
  const rest = Buffer.concat(waiting);
  onPiece(rest);
  yield rest;
  return undefined;
}

/** Reads the Dockerfile of an unpacked context. Errors: `BUILD_CONTEXT_INVALID`. */
export async function readDockerfile(context: string, name: string): Promise<string> {
  const path = await resolveInRoot(context, name);
  const stat = await lstatMaybe(path);
  if (!stat?.isFile()) throw contextInvalid(`Cannot locate specified Dockerfile: ${name} is not a file of the build context`);
  if (stat.size > 4 * 2 ** 20) throw contextInvalid(`Cannot read ${name}: a Dockerfile of ${stat.size} bytes is larger than the 4 MiB allowed`);
  const text = await readFile(path, 'utf8');
  if (text.trim() === '') throw contextInvalid(`The Dockerfile (${name}) cannot be empty`);
  return text;
}

/** Takes away what the rules for this Dockerfile name: those in `NAME.dockerignore` where there is one, else in `.dockerignore`. */
export async function applyIgnoreFile(context: string, dockerfile: string): Promise<void> {
  for (const name of ignoreFileNames(dockerfile)) {
    const path = await resolveInRoot(context, name);
    if (!(await lstatMaybe(path))?.isFile()) continue;
    return await removeIgnored(context, '', await readMatcher(path, name));
  }
}

async function readMatcher(path: string, name: string): Promise<IgnoreMatcher> {
  try {
    return ignoreMatcher(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw contextInvalid(`Cannot use ${name}: ${error.message}`, error);
    throw error;
  }
}

async function removeIgnored(root: string, folder: string, ignored: IgnoreMatcher): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      await removeIgnored(root, path, ignored);
      // Only what an exception saved keeps an ignored folder alive.
      if (ignored(path) && (await readdir(join(root, path))).length === 0) await rmdir(join(root, path));
    } else if (ignored(path)) await rm(join(root, path));
  }
}
