import { readFile, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { isSystemError } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { openInput } from '../input.ts';
import type { Terminal } from '../terminal.ts';
import { filesAsTar, folderAsTar } from './build-context.ts';

/** What a build is sent, and where in it its Dockerfile lies. */
export interface BuildSource {
  /** Begins to read the context. */
  readonly tar: () => Readable;
  /** Undefined for the server's own choice, `Dockerfile`. */
  readonly dockerfile: string | undefined;
  /** What the checker looks at; undefined for an archive from standard input, which is not opened here. */
  readonly text?: DockerfileSource;
}
export interface DockerfileSource {
  /** The Dockerfile's name, as it is shown. */
  readonly name: string;
  readonly text: string;
  /** The rules of what is left out of the context; undefined without any. */
  readonly ignore: string | undefined;
}
/** In the context, for a Dockerfile that does not lie in it. */
const OUTSIDE_NAME = '.dockerfile.gantry-build';
const USTAR_AT = 257;
const MAGIC = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];

/** The context of `gantry build`: a folder, or for `-` a tar or a lone Dockerfile from standard input. Errors: `COMMAND_FAILED`, `USAGE`. */
export async function buildSource(path: string, file: string | undefined, terminal: Terminal): Promise<BuildSource> {
  if (path === '-') return file === '-' ? bothFromInput() : { ...(await inputSource(terminal)), ...(file === undefined ? {} : { dockerfile: file }) };
  const folder = resolve(path);
  await needFolder(folder);
  const place = file === undefined ? join(folder, 'Dockerfile') : resolve(file);
  const content = file === '-' ? Buffer.concat(await (await openInput('-', terminal)).toArray()) : await needFile(place);
  const own = file === '-' ? undefined : await readMaybe(`${place}.dockerignore`);
  const ignore = own ?? (await readMaybe(join(folder, '.dockerignore')));
  const text = { name: file === '-' ? 'Dockerfile' : basename(place), text: content.toString('utf8'), ignore: ignore?.toString('utf8') };
  const inside = file === '-' ? '..' : relative(folder, place);
  if (!inside.startsWith('..') && !isAbsolute(inside)) return { tar: () => folderAsTar(folder), dockerfile: file === undefined ? undefined : inside, text };
  // What lies beside a Dockerfile from elsewhere goes with it.
  const extra = [{ name: OUTSIDE_NAME, content }, ...(own === undefined ? [] : [{ name: `${OUTSIDE_NAME}.dockerignore`, content: own }])];
  return { tar: () => folderAsTar(folder, extra), dockerfile: OUTSIDE_NAME, text };
}

function bothFromInput(): never {
  throw new UsageError('Cannot read both the context and the Dockerfile from standard input');
}

async function inputSource(terminal: Terminal): Promise<BuildSource> {
  const chunks: Buffer[] = [];
  const source = terminal.stdin.iterator({ destroyOnReturn: false });
  // Enough to tell an archive from a text.
  while (Buffer.concat(chunks).length < USTAR_AT + 5) {
    const { value, done } = await source.next();
    if (done) break;
    // Standard input has no encoding: it gives Buffers.
    chunks.push(value as Buffer);
  }
  const begin = Buffer.concat(chunks);
  if (begin.length === 0) throw new CommandError('Cannot build from standard input: it is empty. Send a tar of the context, or a Dockerfile');
  const whole = (async function* () {
    yield begin;
    // Standard input has no encoding: it gives Buffers.
    for await (const chunk of source) yield chunk as Buffer;
  })();
  if (isArchive(begin)) return { tar: () => Readable.from(whole, { objectMode: false }), dockerfile: undefined };
  const content = Buffer.concat(await Readable.from(whole).toArray());
  const text = { name: 'Dockerfile', text: content.toString('utf8'), ignore: undefined };
  return { tar: () => filesAsTar([{ name: 'Dockerfile', content }]), dockerfile: undefined, text };
}

/** Whether a stream that begins so is a tar, plain or compressed. */
export function isArchive(begin: Buffer): boolean {
  const start = begin.toString('hex', 0, 8);
  return begin.toString('latin1', USTAR_AT, USTAR_AT + 5) === 'ustar' || MAGIC.some((magic) => start.startsWith(magic));
}

async function needFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) throw new CommandError(`Cannot build in ${folder}: there is no such folder`, 1, { cause: error });
    throw error;
  });
  if (!found.isDirectory()) throw new CommandError(`Cannot build in ${folder}: it is not a folder`);
}

async function needFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new CommandError(`Cannot read the Dockerfile ${path}: there is no such file. Name it with --file`, 1, { cause: error });
    throw error;
  }
}

async function readMaybe(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
