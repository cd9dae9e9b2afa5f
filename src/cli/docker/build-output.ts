import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError, UsageError } from '../errors.ts';
import { type Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';

/** Where a build's result goes besides the image store. */
export type BuildOutput =
  | { readonly kind: 'image' }
  | { readonly kind: 'folder'; readonly path: string }
  /** `files`: the root file system as a tar; `image`: an archive that is an OCI layout and that docker loads. `-` is standard output. */
  | { readonly kind: 'archive'; readonly of: 'files' | 'image'; readonly path: string };

/** `DIR`, `-`, `type=local,dest=DIR`, `type=tar|oci|docker,dest=FILE` or `type=image`. Errors: `USAGE`. */
export function parseOutput(text: string | undefined): BuildOutput {
  if (text === undefined) return { kind: 'image' };
  if (text === '-') return { kind: 'archive', of: 'files', path: '-' };
  if (!text.includes('=')) return { kind: 'folder', path: text };
  const fields = new Map(text.split(',').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const));
  const [type, path] = [fields.get('type'), fields.get('dest')];
  const unknown = [...fields.keys()].find((name) => name !== 'type' && name !== 'dest');
  if (unknown !== undefined) throw new UsageError(`Cannot take "${text}" for --output: there is no field ${unknown}; it has type and dest`);
  if (type === 'image' && path === undefined) return { kind: 'image' };
  if (type === 'local' && path) return { kind: 'folder', path };
  if (type === 'tar' || type === 'oci' || type === 'docker') return { kind: 'archive', of: type === 'tar' ? 'files' : 'image', path: path ?? '-' };
  throw new UsageError(
    `Cannot take "${text}" for --output: write DIR, type=local,dest=DIR, type=tar,dest=FILE, type=oci,dest=FILE, type=docker,dest=FILE or type=image`,
  );
}

/** Writes what was built. An image without a name is removed afterwards: only its files were asked for. Errors: `COMMAND_FAILED`. */
export async function writeOutput(
  client: DockerClient,
  output: BuildOutput,
  image: { readonly id: string; readonly named: boolean },
  terminal: Terminal,
): Promise<void> {
  if (output.kind === 'image') return;
  if (output.kind === 'archive' && output.of === 'image') {
    const archive = await client.request({ method: 'GET', path: `/images/${image.id}/get` });
    await store(archive, output.path, terminal);
  } else await withFiles(client, image.id, (files) => (output.kind === 'folder' ? unpack(files, output.path) : store(files, output.path, terminal)));
  if (!image.named) await client.done({ method: 'DELETE', path: `/images/${image.id}` });
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
