import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { messageOf } from '#kit';
import { contextInvalid } from '../errors.ts';
import { whenAborted } from '../when-aborted.ts';

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

/** Unpacks an archive file (ADD) into the new folder, owners kept. False when it is not an archive. */
export async function extractArchive(file: string, path: string, signal: AbortSignal): Promise<boolean> {
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

/** Whether a file begins as an archive does. */
export async function looksLikeArchive(file: string): Promise<boolean> {
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
  return compressionOption(buffer.subarray(0, bytesRead)) !== undefined || buffer.toString('latin1', 257, 262) === 'ustar';
}

/** Runs tar, its input given. Errors: `BUILD_CONTEXT_INVALID`. */
export async function runTar(options: readonly string[], input: AsyncIterable<Buffer> | undefined, signal: AbortSignal): Promise<void> {
  const child = spawn('tar', options, { stdio: ['pipe', 'ignore', 'pipe'], signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
  const ended = new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  const feeding = input === undefined ? Promise.resolve(child.stdin.end()) : feed(input, child.stdin);
  // Whoever sends may have stopped without going away.
  const [code, fed] = await Promise.allSettled([ended, Promise.race([feeding, whenAborted(signal)])]);
  if (signal.aborted) throw signal.reason;
  if (code.status === 'rejected') throw contextInvalid(`Cannot run tar: ${messageOf(code.reason)}`, code.reason);
  if (code.value !== 0) throw contextInvalid(`Cannot unpack the tar stream: ${problem.trim()}`);
  if (fed.status === 'rejected') throw contextInvalid(`Cannot read the tar stream: ${messageOf(fed.reason)}`, fed.reason);
}

/** Writes everything; what comes after tar has ended, as it may before the padding behind the end mark, is read and dropped. */
async function feed(input: AsyncIterable<Buffer>, target: Writable): Promise<void> {
  let isOpen = true;
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      isOpen = false;
      resolve();
    };
    // How tar fared its exit status says.
    target.on('error', end).once('close', end);
  });
  try {
    for await (const piece of input) {
      if (isOpen && !target.write(piece)) await Promise.race([closed, new Promise((resolve) => target.once('drain', resolve))]);
    }
  } finally {
    // Also when the input breaks off: then tar must not wait for more.
    target.end();
  }
}
