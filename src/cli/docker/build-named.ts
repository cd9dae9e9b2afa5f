import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { isSystemError, messageOf } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { type DockerClient, DockerError } from './client.ts';
import { folderAsTar } from './build-context.ts';
import { type FolderDescriptor, OciFolder } from './oci-folder.ts';

/** Contexts by their names, in the words that the daemon knows; and images that were brought for the build alone. */
export interface SentContexts {
  readonly contexts: Readonly<Record<string, string>>;
  readonly broughtImages: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9._\-/:@]*$/;
const GIT = /^(?:git|ssh):\/\/|^git@[^:]+:|^https?:\/\/[^#?]+\.git(?:[#?]|$)/;
const LAYOUT = /^oci-layout:\/\/(.+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;
const NO_SUCH_IMAGE = 404;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** `NAME=SOURCE` of each `--build-context`. Errors: `USAGE`. Pure. */
export function parseContexts(given: readonly string[]): readonly (readonly [name: string, source: string])[] {
  return given.map((text) => {
    const at = text.indexOf('=');
    const [name, source] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1)];
    if (!NAME.test(name) || source === '')
      throw new UsageError(
        `Cannot take "${text}" for --build-context: write NAME=FOLDER, NAME=docker-image://IMAGE, NAME=oci-layout://FOLDER or NAME=REPOSITORY`,
      );
    const scheme = /^([a-z-]+):(?!\/*$)/.exec(source)?.[1] ?? '';
    if (!GIT.test(source) && ['http', 'https', 'target', 'input'].includes(scheme))
      throw new UsageError(`Cannot take "${source}" for the context ${name}: of addresses those of git repositories are taken, which end in .git`);
    return [name, source] as const;
  });
}

/** Sends the folders and images among the contexts to the daemon. Errors: `COMMAND_FAILED`. */
export async function sendContexts(client: DockerClient, given: ReturnType<typeof parseContexts>, platform: string | undefined): Promise<SentContexts> {
  const contexts: Record<string, string> = {};
  const broughtImages: string[] = [];
  for (const [name, source] of given) {
    if (GIT.test(source) || source.startsWith('docker-image://')) contexts[name] = source;
    else if (LAYOUT.test(source)) {
      const { id, isNew } = await sendLayout(client, source, platform ?? `linux/${ARCHITECTURES[process.arch] ?? process.arch}`);
      if (isNew) broughtImages.push(id);
      contexts[name] = `docker-image://${id}`;
    } else contexts[name] = `sent://${await sendFolder(client, name, source)}`;
  }
  return { contexts, broughtImages };
}

/** Takes away images that were brought, but for those that have got a name, or are what was built. */
export async function removeBrought(client: DockerClient, images: readonly string[], built: string | undefined): Promise<void> {
  for (const id of images) {
    const found = id === built ? undefined : await findImage(client, id);
    if (found !== undefined && (found.RepoTags ?? []).length === 0) await client.done({ method: 'DELETE', path: `/images/${id}` });
  }
}

async function sendFolder(client: DockerClient, name: string, folder: string): Promise<string> {
  const found = await stat(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) throw new CommandError(`Cannot send the context ${name}: there is no folder ${folder}`, 1, { cause: error });
    throw error;
  });
  if (!found.isDirectory()) throw new CommandError(`Cannot send the context ${name}: ${folder} is not a folder`);
  const stream = { content: folderAsTar(folder), type: 'application/x-tar' };
  return (await client.json<{ Id: string }>({ method: 'POST', path: '/gantry/build/context', stream })).Id;
}

/** Brings an image without a name, unless the daemon has it. */
async function sendLayout(client: DockerClient, source: string, platform: string): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const [, path = '', tag, digest] = LAYOUT.exec(source) ?? [];
  const folder = new OciFolder(path);
  const { annotations: _names, ...manifest } = await folder.image({
    platform,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  });
  const { config, layers } = (await folder.document(manifest.digest)) as { config: FolderDescriptor; layers: readonly FolderDescriptor[] }; // the daemon looks at it
  const isNew = (await findImage(client, config.digest)) === undefined;
  if (isNew) {
    const content = layoutAsTar(folder, manifest, [manifest, config, ...layers]);
    for await (const line of client.lines<{ error?: string }>({ method: 'POST', path: '/images/load', stream: { content, type: 'application/x-tar' } }))
      if (line.error !== undefined) throw new CommandError(`Cannot send the image of ${path}: ${line.error}`);
  }
  return { id: config.digest, isNew };
}

async function findImage(client: DockerClient, id: string): Promise<{ readonly RepoTags?: readonly string[] | null } | undefined> {
  try {
    return await client.json({ method: 'GET', path: `/images/${id}/json` });
  } catch (error) {
    if (error instanceof DockerError && error.status === NO_SUCH_IMAGE) return undefined;
    throw error;
  }
}

function layoutAsTar(folder: OciFolder, manifest: FolderDescriptor, blobs: readonly FolderDescriptor[]): Readable {
  const tar = pack();
  const readable = Readable.from(tar, { objectMode: false });
  const fill = async () => {
    tar.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    tar.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
    for (const { digest, size } of new Map(blobs.map((blob) => [blob.digest, blob])).values())
      await pipeline(folder.read(digest), tar.entry({ name: `blobs/${digest.replace(':', '/')}`, size }));
    tar.finalize();
  };
  fill().catch((error: unknown) => readable.destroy(new CommandError(`Cannot read the image: ${messageOf(error)}`, 1, { cause: error })));
  return readable;
}
