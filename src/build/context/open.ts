import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { publicAddress } from '../attest/provenance.ts';
import { contextInvalid } from '../errors.ts';
import { ask } from '../execute/ask.ts';
import { isOn, KEEP_GIT_ARG } from '../plan/arguments.ts';
import { GIT_URL } from '../plan/git-url.ts';
import type { BuildSession } from '../session.ts';
import { ignoreFileNames } from '../ignore.ts';
import { folderOfCheckout, Git } from './git.ts';
import { parseGitPlace } from './git-place.ts';
import type { KeptContext } from './kept.ts';
import { applyIgnoreFile, extractContext, readDockerfile } from './receive.ts';

const DOCKERFILE_BYTES_MAX = 4 * 2 ** 20;
/** Of a context that is kept. */
const KEPT_BYTES_MAX = 16 * 2 ** 20;

/** A context that is on the disk. */
export interface OpenedContext {
  readonly root: string;
  readonly dockerfile: string;
}
interface Received {
  /** What is to be kept of it, where it is small. */
  readonly keeps?: KeptContext;
  /** What is to be left out is left out already. */
  readonly isReused?: boolean;
}

/** Takes a tar stream in: unpacks it, or takes what a build before made of the same bytes. */
async function receive(session: BuildSession, content: Readable, folder: string): Promise<Received> {
  const { options, signal, rooms } = session;
  let received: Received = {};
  const reuse = async (sha256: string) => {
    const key = `${sha256} ${session.request.dockerfile ?? ''}`;
    const found = await rooms.contexts.take(key, folder);
    received = { keeps: found ?? { key, hashes: new Map() }, isReused: found !== undefined };
    return found !== undefined;
  };
  const { bytes, unpacked_bytes } = await extractContext(content, folder, { clock: options.clock, bounds: options.images.bounds, signal, reuse });
  session.contextBytes = bytes;
  // What was compressed may be small on its way only.
  return unpacked_bytes > KEPT_BYTES_MAX ? {} : received;
}

/** Takes the context in, from the request or from where it says. Errors: `BUILD_CONTEXT_INVALID`, `BUILD_STEP_FAILED`. */
export async function openContext(session: BuildSession): Promise<OpenedContext> {
  const { remote, context, dockerfile: name = 'Dockerfile' } = session.request;
  const folder = join(session.folder, 'context');
  let [root, received]: [string, Received] = [folder, {}];
  if (remote === undefined) received = await receive(session, context, folder);
  else root = GIT_URL.test(remote) ? await checkOut(session, remote, folder) : await download(session, remote, folder);
  const dockerfile = await readDockerfile(root, name);
  if (!received.isReused) await applyIgnoreFile(root, ignoreFileNames(name));
  if (received.keeps) session.keepContext(received.keeps, root);
  return { root, dockerfile };
}

async function checkOut(session: BuildSession, address: string, folder: string): Promise<string> {
  const place = parseGitPlace(address);
  const git = new Git({ programPath: session.options.programPath, signal: session.signal });
  // How much it is nobody tells.
  session.contextBytes = Number.POSITIVE_INFINITY;
  const found = await git.commitOf(place);
  const keep = place.keepGitFolder ?? isOn(session.request.buildArgs?.[KEEP_GIT_ARG]);
  session.materials.push({ uri: publicAddress(address), digest: { gitCommit: found.commit } });
  await git.checkOut(place, found, folder, keep);
  return await folderOfCheckout(folder, place);
}

/** A text is the Dockerfile itself, anything else a tar. */
async function download(session: BuildSession, address: string, folder: string): Promise<string> {
  if (!/^https?:\/\//.test(address))
    throw contextInvalid(`Cannot take ${address} for a context: it must be the address of a git repository, or begin with http:// or https://`);
  const response = await ask(session, address, 'The context cannot be fetched');
  if (!response.ok || response.body === null) throw contextInvalid(`The context cannot be fetched: ${address}: the server answered ${response.status}`);
  if (!(response.headers.get('content-type') ?? '').startsWith('text/plain')) {
    await receive(session, Readable.fromWeb(response.body), folder);
    return folder;
  }
  const text = await response.text();
  if (Buffer.byteLength(text) > DOCKERFILE_BYTES_MAX) throw contextInvalid(`The Dockerfile at ${address} is larger than the 4 MiB allowed`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await writeFile(join(folder, session.request.dockerfile ?? 'Dockerfile'), text);
  return folder;
}
