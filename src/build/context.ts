import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rmdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSystemError, messageOf } from '#kit';
import { contextInvalid } from './errors.ts';
import { ignoreMatcher, type IgnoreMatcher } from './ignore.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';

const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ['--gzip', [0x1f, 0x8b]],
  ['--bzip2', [0x42, 0x5a, 0x68]],
  ['--xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['--zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** tar's option for content that begins so; undefined for plain. */
export function compressionOption(head: Uint8Array): string | undefined {
  return MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))?.[0];
}

/**
 * Unpacks the context into the new folder `path`. It is done by a child (`tar`), which strips leading slashes and `..` and makes links that
 * point outside only at the end, so nothing is written elsewhere. Errors: `BUILD_CONTEXT_INVALID`.
 */
export async function extractContext(content: Readable, path: string, signal: AbortSignal): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { head, stream } = await peek(content);
  if (head.length === 0) throw contextInvalid('The build context is empty: send a tar stream with at least a Dockerfile');
  const option = compressionOption(head);
  await runTar(
    ['--extract', '--file', '-', '--directory', path, '--no-same-owner', '--same-permissions', '--delay-directory-restore', ...(option ? [option] : [])],
    stream,
    signal,
  );
}

/** Unpacks an archive file (ADD) into the new folder, owners kept. False when it is not an archive. */
export async function extractArchive(file: string, path: string, signal: AbortSignal): Promise<boolean> {
  if (!(await looksLikeArchive(file))) return false;
  try {
    await runTar(['--list', '--file', file], undefined, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
  await mkdir(path, { recursive: true, mode: 0o755 });
  await runTar(['--extract', '--file', file, '--directory', path, '--same-owner', '--numeric-owner', '--same-permissions'], undefined, signal);
  return true;
}

async function looksLikeArchive(file: string): Promise<boolean> {
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
  return compressionOption(buffer.subarray(0, bytesRead)) !== undefined || buffer.toString('latin1', 257, 262) === 'ustar';
}

async function peek(content: Readable): Promise<{ head: Buffer; stream: AsyncIterable<Buffer> }> {
  const iterator: AsyncIterator<Buffer> = content[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head, stream: whole() };
}

async function runTar(options: readonly string[], input: AsyncIterable<Buffer> | undefined, signal: AbortSignal): Promise<void> {
  const child = spawn('tar', options, { stdio: ['pipe', 'ignore', 'pipe'], signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
  const ended = new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  const feeding = input === undefined ? Promise.resolve(child.stdin.end()) : pipeline(input, child.stdin);
  const [code, fed] = await Promise.allSettled([ended, feeding]);
  if (signal.aborted) throw signal.reason;
  if (code.status === 'rejected') throw contextInvalid(`Cannot run tar: ${messageOf(code.reason)}`, code.reason);
  if (code.value !== 0) throw contextInvalid(`Cannot unpack the tar stream: ${problem.trim()}`);
  // tar may end before it has read the padding after the end mark.
  if (fed.status === 'rejected' && !isSystemError(fed.reason, 'EPIPE'))
    throw contextInvalid(`Cannot read the tar stream: ${messageOf(fed.reason)}`, fed.reason);
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

/** Takes away what `.dockerignore` names. */
export async function applyIgnoreFile(context: string): Promise<void> {
  const path = await resolveInRoot(context, '.dockerignore');
  if (!(await lstatMaybe(path))?.isFile()) return;
  let matcher: IgnoreMatcher;
  try {
    matcher = ignoreMatcher(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw contextInvalid(`Cannot use .dockerignore: ${error.message}`, error);
    throw error;
  }
  await removeIgnored(context, '', matcher);
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
