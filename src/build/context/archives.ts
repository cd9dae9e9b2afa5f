import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { GantryError, messageOf } from '#kit';
import { type Limits, roomIn } from '#image';
import { contextInvalid } from '../errors.ts';
import { whenAborted } from '../when-aborted.ts';
import { feed } from './feed.ts';
import { plainBytes, programFor } from './plain.ts';

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const HEAD_BYTES = 512;
/** ulimit(1) counts in blocks of so many bytes. */
const BLOCK_BYTES = 512;
/** Mode, owner, size, date and time, then the name. */
const LISTED_FOLDER = /^d(?:\S+ +){4}\S+ (.+)$/;
/** What tar writes behind a backslash besides figures and what stands for itself. */
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
/** A file with holes has any size that its header claims: none may be larger than what the disk has room for. */
const BOUNDED_TAR = ['-c', 'ulimit -f "$1" && shift && exec tar "$@"', 'sh'] as const;

/**
 * Unpacks an archive file (ADD) into the new folder, owners kept; answers the folders that it names (latin1 text), or undefined when it is no
 * archive. Errors: `BUILD_CONTEXT_INVALID`, `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function extractArchive(file: string, path: string, limits: Limits, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const run = async (options: readonly string[], onLine?: (line: string) => void) =>
    await runTar([...options, '--file', '-'], await contentOf(file, limits, signal), limits, signal, onLine);
  const folders: string[] = [];
  try {
    await run(['--list', '--verbose', '--numeric-owner', '--full-time', '--quoting-style=escape'], (line) => {
      const name = LISTED_FOLDER.exec(line)?.[1];
      if (name !== undefined) folders.push(insideOf(name));
    });
  } catch (error) {
    if (signal.aborted || isTooMuch(error)) throw error;
    return undefined;
  }
  await mkdir(path, { recursive: true, mode: 0o755 });
  await run(['--extract', '--directory', path, '--same-owner', '--numeric-owner', '--same-permissions']);
  return folders;
}

/** The path that tar gives to a folder which it lists so: without its escapes, and without what would lead out. */
function insideOf(listed: string): string {
  const name = listed.replace(/\\([0-7]{3}|.)/g, (_escape, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (CONTROLS[code] ?? code),
  );
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.slice(parts.lastIndexOf('..') + 1).join('/');
}

async function contentOf(file: string, limits: Limits, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const head = await headOf(file);
  return await plainBytes(head, createReadStream(file, { start: head.length, highWaterMark: 256 * 1024 }), limits, signal);
}

/** Whether a file begins as an archive does. */
export async function looksLikeArchive(file: string): Promise<boolean> {
  const head = await headOf(file);
  const begins = (magic: readonly number[]) => magic.every((byte, index) => head[index] === byte);
  return begins(GZIP) || begins(ZSTD) || programFor(head) !== undefined || head.toString('latin1', 257, 262) === 'ustar';
}

async function headOf(file: string): Promise<Buffer> {
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

/** Runs tar, its input given; `onLine` is told what it lists. Errors: `BUILD_CONTEXT_INVALID`, and what stopped the input. */
export async function runTar(
  options: readonly string[],
  input: AsyncIterable<Uint8Array>,
  { folder }: Limits,
  signal: AbortSignal,
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  const room_bytes = await roomIn(folder);
  const given = [...BOUNDED_TAR, String(Math.floor(room_bytes / BLOCK_BYTES)), ...options];
  const child = spawn('sh', given, { stdio: 'pipe', signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  createInterface({ input: child.stdout.setEncoding('latin1') }).on('line', onLine);
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
  const ended = new Promise<number | string>((resolve, reject) => child.once('error', reject).once('close', (code, ending) => resolve(code ?? ending ?? 1)));
  const feeding = feed(input, child.stdin);
  // Whoever sends may have stopped without going away.
  const [code, fed] = await Promise.allSettled([ended, Promise.race([feeding, whenAborted(signal)])]);
  if (signal.aborted) throw signal.reason;
  // Why the input ended says more than what tar makes of its end.
  if (fed.status === 'rejected' && fed.reason instanceof GantryError) throw fed.reason;
  if (code.status === 'rejected') throw contextInvalid(`Cannot run tar: ${messageOf(code.reason)}`, code.reason);
  if (code.value === 'SIGXFSZ') throw contextInvalid(`Cannot unpack the tar stream: no space left on the disk for a file in it: ${room_bytes} bytes are free`);
  if (code.value !== 0) throw contextInvalid(`Cannot unpack the tar stream: ${problem.trim()}`);
  if (fed.status === 'rejected') throw contextInvalid(`Cannot read the tar stream: ${messageOf(fed.reason)}`, fed.reason);
}

function isTooMuch(error: unknown): boolean {
  return error instanceof GantryError && (error.code === 'UNPACK_TOO_LARGE' || error.code === 'NO_SPACE');
}
