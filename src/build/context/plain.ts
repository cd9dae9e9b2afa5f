import { spawn } from 'node:child_process';
import { messageOf } from '#kit';
import { bounded, type Limits, plainContent } from '#image';
import { contextInvalid } from '../errors.ts';
import { feed } from './feed.ts';

/** What only programs of the machine unpack. */
const PROGRAMS: readonly (readonly [program: string, magic: readonly number[]])[] = [
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/**
 * The plain bytes, within bounds, of content that begins with `head`: plain, or compressed by gzip, zstd, bzip2 or xz. Errors, while it is read:
 * `BUILD_CONTEXT_INVALID`, `TAR_INVALID` where it is damaged, `UNPACK_TOO_LARGE`, `NO_SPACE`.
 */
export async function plainBytes(head: Buffer, rest: AsyncIterable<Buffer>, limits: Limits, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let read_bytes = 0;
  async function* whole(): AsyncGenerator<Buffer> {
    read_bytes += head.length;
    yield head;
    for await (const piece of rest) {
      read_bytes += piece.length;
      yield piece;
    }
  }
  const program = programFor(head);
  if (program === undefined) return await plainContent(whole(), limits);
  return bounded(throughProgram(program, whole(), signal), limits, () => read_bytes);
}

/** The program that unpacks content which begins so, if one has to. */
export function programFor(head: Uint8Array): string | undefined {
  return PROGRAMS.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];
}

async function* throughProgram(program: string, input: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const child = spawn(program, ['--decompress', '--stdout'], { stdio: 'pipe', signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
  const ended = new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  const both = Promise.allSettled([ended, feed(input, child.stdin)]);
  try {
    for await (const piece of child.stdout) yield piece as Buffer; // a stream without an encoding gives buffers
    const [code, fed] = await both;
    if (fed.status === 'rejected') throw fed.reason;
    if (code.status === 'rejected') throw contextInvalid(`Cannot run ${program}: ${messageOf(code.reason)}`, code.reason);
    if (code.value !== 0) throw contextInvalid(`Cannot unpack the tar stream: its compression is damaged (${problem.trim()})`);
  } finally {
    // Whoever reads may have had enough.
    child.kill('SIGKILL');
  }
}
