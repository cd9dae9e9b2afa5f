import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { type Clock, messageOf } from '#kit';
import type { UnpackBounds } from '#image';
import { contextInvalid } from '../errors.ts';
import { runTar } from './archives.ts';
import { plainBytes } from './plain.ts';
import { ignoreMatcher, type IgnoreMatcher } from '../ignore.ts';
import { lstatMaybe, resolveInRoot } from '../copy/root-path.ts';
import { whenAborted } from '../when-aborted.ts';

/** Smaller pieces are gathered: clients send a header, then a file, and each would be written by itself. */
const PIECE_BYTES = 32 * 1024;
const GATHERING_MS = 2;
/** What may come in while small pieces are gathered. */
const AHEAD_BYTES = 2 ** 18;
const MAGIC_BYTES = 6;
/** A context that is no larger is known by its bytes before anything is unpacked. */
const SMALL_BYTES = 4 * 2 ** 20;

interface Receiving {
  readonly clock: Clock;
  readonly bounds: UnpackBounds;
  readonly signal: AbortSignal;
  /** Is told the SHA-256 of a small context; answers whether it has put its files at the path. */
  readonly reuse: (sha256: string) => Promise<boolean>;
}

interface Received {
  readonly bytes: number;
  /** 0 where nothing had to be unpacked. */
  readonly unpacked_bytes: number;
}

/**
 * Unpacks the context into the new folder `path`; answers its bytes as they were sent, and as they were unpacked. It is done by a child (`tar`), which strips leading slashes and `..` and
 * makes links that point outside only at the end, so nothing is written elsewhere. Errors: `BUILD_CONTEXT_INVALID`, `TAR_INVALID`,
 * `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function extractContext(content: Readable, path: string, { clock, bounds, signal, reuse }: Receiving): Promise<Received> {
  // Steps may see it, whoever they run as; the folder around it is root's alone.
  await mkdir(path, { recursive: true, mode: 0o755 });
  let bytes = 0;
  const counted = gathered(content, clock, (piece) => (bytes += piece.length));
  // Whoever sends may have stopped without going away.
  const { pieces, sha256 } = await Promise.race([readAhead(counted), whenAborted(signal)]);
  const [head, ...next] = pieces;
  if (head === undefined) throw contextInvalid('The build context is empty: send a tar stream with at least a Dockerfile');
  if (sha256 !== undefined && (await reuse(sha256))) return { bytes, unpacked_bytes: 0 };
  const limits = { bounds, folder: path };
  let unpacked_bytes = 0;
  const plain = await plainBytes(head, before(next, counted), limits, signal);
  await runTar(
    ['--extract', '--file', '-', '--directory', path, '--no-same-owner', '--same-permissions', '--delay-directory-restore'],
    measured(plain, (piece) => (unpacked_bytes += piece.length)),
    limits,
    signal,
  );
  return { bytes, unpacked_bytes };
}

async function* measured(pieces: AsyncIterable<Uint8Array>, onPiece: (piece: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    onPiece(piece);
    yield piece;
  }
}

/** What comes first, and the SHA-256 of it where that is all. Errors: `BUILD_CONTEXT_INVALID`. */
async function readAhead(content: AsyncIterator<Buffer, undefined>): Promise<{ readonly pieces: readonly Buffer[]; readonly sha256?: string }> {
  const pieces: Buffer[] = [];
  const hash = createHash('sha256');
  try {
    for (let bytes = 0; bytes <= SMALL_BYTES; bytes += pieces.at(-1)?.length ?? 0) {
      const { value } = await content.next();
      if (value === undefined) return { pieces, sha256: hash.digest('hex') };
      pieces.push(value);
      hash.update(value);
    }
  } catch (error) {
    throw contextInvalid(`Cannot read the tar stream: ${messageOf(error)}`, error);
  }
  return { pieces };
}

async function* before(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

/** The stream in larger pieces, the first long enough to tell what it is: after a small one it is waited a moment, and what came is one piece. */
async function* gathered(content: Readable, clock: Clock, onPiece: (piece: Buffer) => void): AsyncGenerator<Buffer, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0);
  const ahead = new PassThrough({ highWaterMark: AHEAD_BYTES });
  // An error of either destroys both; whoever reads `ahead` sees it, so there is nothing to do when it ends.
  pipeline(content, ahead, () => undefined);
  for await (const chunk of ahead) {
    const piece: Buffer = head === undefined ? (chunk as Buffer) : Buffer.concat([head, chunk as Buffer]); // a stream without an encoding gives buffers
    head = head !== undefined && piece.length < MAGIC_BYTES ? piece : undefined;
    if (head !== undefined) continue;
    onPiece(piece);
    yield piece;
    if (piece.length < PIECE_BYTES) await clock.sleep(GATHERING_MS);
  }
  if (head === undefined || head.length === 0) return undefined;
  onPiece(head);
  yield head;
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

/** Takes away what the rules in the first of these files name that is there. */
export async function applyIgnoreFile(context: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
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
