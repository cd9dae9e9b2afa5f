import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError, UsageError } from '../errors.ts';
import { type Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';

/** Where a build's result goes besides the image store. */
export type BuildOutput =
  /** `push`: to the registries of its names. */
  | { readonly kind: 'image'; readonly push: boolean; readonly names: readonly string[]; readonly compression: Compression | undefined }
  | { readonly kind: 'folder'; readonly path: string }
  /** `files`: the root file system as a tar; `image`: an archive that is an OCI layout and that docker loads. `-` is standard output. */
  | { readonly kind: 'archive'; readonly of: 'files'; readonly path: string }
  | { readonly kind: 'archive'; readonly of: 'image'; readonly path: string; readonly compression: Compression | undefined };

/** How layers are compressed, in the words of `POST /build`. */
export interface Compression {
  readonly compression: string;
  readonly compressionlevel: string | undefined;
  readonly forcecompression: boolean;
}

/** All that `--output` asks for. */
export interface BuildOutputs {
  readonly files: readonly Exclude<BuildOutput, { kind: 'image' }>[];
  /** Names that the image gets besides those of `-t`. */
  readonly names: readonly string[];
  readonly push: boolean;
  readonly compression: Compression | undefined;
  /** Something is written to standard output. */
  readonly toStdout: boolean;
  /** The image itself was asked for: it stays, also without a name. */
  readonly image: boolean;
}

const COMPRESSION_FIELDS = ['compression', 'compression-level', 'force-compression'];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  local: ['dest'],
  tar: ['dest'],
  oci: ['dest', ...COMPRESSION_FIELDS],
  docker: ['dest', ...COMPRESSION_FIELDS],
  image: ['name', 'push', ...COMPRESSION_FIELDS],
  registry: ['name', ...COMPRESSION_FIELDS],
};

/** Every `--output` together. Errors: `USAGE`. Pure. */
export function parseOutputs(given: readonly string[]): BuildOutputs {
  const outputs = given.length === 0 ? [parseOutput(undefined)] : given.map(parseOutput);
  const compressions = outputs.flatMap((output) => ('compression' in output ? [output.compression] : []));
  const [compression] = compressions;
  if (compressions.some((other) => JSON.stringify(other) !== JSON.stringify(compression)))
    throw new UsageError('Cannot compress the layers of one image in several ways: let every --output say the same');
  const files = outputs.filter((output): output is BuildOutputs['files'][number] => output.kind !== 'image');
  const toStdout = files.filter((output) => output.kind === 'archive' && output.path === '-').length;
  if (toStdout > 1) throw new UsageError('Cannot write several outputs to standard output: give all but one a dest=FILE');
  const images = outputs.filter((output) => output.kind === 'image');
  return {
    files,
    names: images.flatMap(({ names }) => names),
    push: images.some(({ push }) => push),
    compression,
    toStdout: toStdout > 0,
    image: images.length > 0,
  };
}

/** `DIR`, `-`, `type=local,dest=DIR`, `type=tar|oci|docker,dest=FILE`, `type=image` or `type=registry`. Errors: `USAGE`. */
export function parseOutput(text: string | undefined): BuildOutput {
  if (text === undefined) return { kind: 'image', push: false, names: [], compression: undefined };
  if (text === '-') return { kind: 'archive', of: 'files', path: '-' };
  if (!text.includes('=')) return { kind: 'folder', path: text };
  const refuse = (reason: string) => new UsageError(`Cannot take "${text}" for --output: ${reason}`);
  const fields = new Map(
    text.split(',').map((field) => [/^[^=]*/.exec(field)?.[0] ?? '', field.includes('=') ? field.slice(field.indexOf('=') + 1) : 'true'] as const),
  );
  const type = fields.get('type') ?? '';
  const known = Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (known === undefined) throw refuse(`write DIR, or type=${Object.keys(FIELDS).join('|')} and its fields`);
  const unknown = [...fields.keys()].find((name) => name !== 'type' && !known.includes(name));
  if (unknown !== undefined) throw refuse(`there is no field ${unknown}; ${type} has ${known.join(', ')}`);
  const path = fields.get('dest');
  if (type === 'local') {
    if (!path) throw refuse('write type=local,dest=DIR');
    return { kind: 'folder', path };
  }
  if (type === 'tar') return { kind: 'archive', of: 'files', path: path ?? '-' };
  const compression = compressionOf(fields, refuse);
  if (type === 'oci' || type === 'docker') return { kind: 'archive', of: 'image', path: path ?? '-', compression };
  const name = fields.get('name');
  return { kind: 'image', push: type === 'registry' || isTrue('push', fields, refuse), names: name === undefined ? [] : [name], compression };
}

function compressionOf(fields: ReadonlyMap<string, string>, refuse: (reason: string) => UsageError): Compression | undefined {
  const [compression, compressionlevel] = [fields.get('compression'), fields.get('compression-level')];
  const forcecompression = isTrue('force-compression', fields, refuse);
  if (compression === undefined) {
    if (compressionlevel !== undefined || forcecompression) throw refuse('say compression=gzip or compression=zstd too');
    return undefined;
  }
  if (compression !== 'gzip' && compression !== 'zstd') throw refuse(`compression is gzip or zstd, not ${compression}`);
  if (compressionlevel !== undefined && !/^\d{1,2}$/.test(compressionlevel)) throw refuse('compression-level is a number');
  return { compression, compressionlevel, forcecompression };
}

function isTrue(name: string, fields: ReadonlyMap<string, string>, refuse: (reason: string) => UsageError): boolean {
  const value = fields.get(name) ?? 'false';
  if (value !== 'true' && value !== 'false') throw refuse(`${name} is true or false, not ${value}`);
  return value === 'true';
}

/** Writes what was built. An image without a name is removed afterwards where only its files were asked for. Errors: `COMMAND_FAILED`. */
export async function writeOutputs(
  client: DockerClient,
  { files, image: isKept }: BuildOutputs,
  image: { readonly id: string; readonly named: boolean },
  terminal: Terminal,
): Promise<void> {
  for (const output of files) await writeOutput(client, output, image, terminal);
  if (!isKept && !image.named) await client.done({ method: 'DELETE', path: `/images/${image.id}` });
}

async function writeOutput(client: DockerClient, output: BuildOutputs['files'][number], image: { readonly id: string }, terminal: Terminal): Promise<void> {
  if (output.kind === 'archive' && output.of === 'image') {
    const archive = await client.request({ method: 'GET', path: `/images/${image.id}/get` });
    await store(archive, output.path, terminal);
  } else await withFiles(client, image.id, (files) => (output.kind === 'folder' ? unpack(files, output.path) : store(files, output.path, terminal)));
}

/** A container that never starts shows the image's files. */
async function withFiles(client: DockerClient, image: string, use: (files: NodeJS.ReadableStream) => Promise<void>): Promise<void> {
  const { Id } = await client.json<{ Id: string }>({ method: 'POST', path: '/containers/create', body: { Image: image, Entrypoint: ['/'], Cmd: [] } });
  try {
    await use(await client.request({ method: 'GET', path: `/containers/${Id}/export` }));
  } finally {
    await client.done({ method: 'DELETE', path: `/containers/${Id}`, query: { force: true, v: true } });
  }
}

/** The file is there whole, or not at all. */
async function store(content: NodeJS.ReadableStream, path: string, terminal: Terminal): Promise<void> {
  if (path === '-') return await pipeline(content, terminal.stdout, { end: false });
  const aside = `${path}.new`;
  try {
    await pipeline(content, createWriteStream(aside));
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

async function unpack(files: NodeJS.ReadableStream, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tar = spawn('tar', ['--extract', '--file', '-', '--directory', folder, '--delay-directory-restore'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let problem = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
  const ended = new Promise<number>((resolve, reject) => tar.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  await pipeline(files, tar.stdin);
  if ((await ended) !== 0) throw new CommandError(`Cannot write the files to ${folder}: ${problem.trim()}`);
}
