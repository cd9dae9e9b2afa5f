import { createHash } from 'node:crypto';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, readJson, writeDurable } from '#kit';
import { ConfigError } from './errors.ts';

/** One context of Docker's client: where it stands and where its engine is. */
export interface DockerContext {
  /** The client's configuration folder: DOCKER_CONFIG or ~/.docker. */
  readonly folder: string;
  readonly name: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** Docker's client keeps each context under the digest of its name. */
const entryOf = ({ folder, name }: DockerContext) => join(folder, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));

/** Writes the entry; no other entry and no other file is touched. Errors: `CONFIG_INVALID` for a name that the client would refuse. */
export async function writeDockerContext(context: DockerContext, socket: string): Promise<void> {
  if (!NAME.test(context.name) || context.name === 'default')
    throw new ConfigError(`Cannot name a Docker context "${context.name}": use letters, digits and _.+- in --context, and not "default"`);
  const entry = {
    Name: context.name,
    Metadata: { Description: 'Gantry' },
    Endpoints: { docker: { Host: `unix://${socket}`, SkipTLSVerify: false } },
  };
  await mkdir(entryOf(context), { recursive: true, mode: 0o700 });
  await writeDurable(join(entryOf(context), 'meta.json'), JSON.stringify(entry));
}

/** Takes the entry away, if it still leads to that socket, and the folders that then are empty. */
export async function removeDockerContext(context: DockerContext, socket: string): Promise<void> {
  // The client's own file: only this one path in it is looked at.
  const entry = (await readJson(join(entryOf(context), 'meta.json'))) as { Endpoints?: { docker?: { Host?: string } } } | undefined;
  if (entry?.Endpoints?.docker?.Host !== `unix://${socket}`) return;
  await rm(entryOf(context), { recursive: true, force: true });
  for (const folder of [join(context.folder, 'contexts', 'meta'), join(context.folder, 'contexts'), context.folder]) if (!(await removeEmpty(folder))) return;
}

async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOTEMPTY')) return false;
    throw error;
  }
}
