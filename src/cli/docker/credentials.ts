import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, messageOf } from '#kit';
import { CommandError } from '../errors.ts';
import { registryOf } from './reference.ts';

interface Login {
  readonly auth?: string;
  readonly identitytoken?: string;
}
const HUB_KEYS = ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'];

/**
 * The header with which a pull or push of that image logs in: what `docker login` wrote into config.json (DOCKER_CONFIG, else
 * ~/.docker); a blank login without it. Errors: `COMMAND_FAILED` for a file that can't be read.
 */
export async function loginHeader(image: string, environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const logins = await readLogins(environment);
  const registry = registryOf(image);
  const keys = registry === 'docker.io' ? HUB_KEYS : [registry, `https://${registry}`, `http://${registry}`];
  const login = keys.map((key) => logins[key]).find((one) => one !== undefined);
  return { 'X-Registry-Auth': encode(login === undefined ? {} : credentials(login, registry)) };
}

/** The header with the logins of all registries, for a build. */
export async function buildLoginHeader(environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const logins = Object.entries(await readLogins(environment)).map(([registry, login]) => [registry, credentials(login, registry)]);
  return logins.length === 0 ? {} : { 'X-Registry-Config': encode(Object.fromEntries(logins)) };
}

function credentials({ auth, identitytoken }: Login, registry: string): object {
  if (identitytoken) return { identitytoken, serveraddress: registry };
  const decoded = Buffer.from(auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? {} : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), serveraddress: registry };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function readLogins(environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, Login>>> {
  const folder = environment.DOCKER_CONFIG ?? (environment.HOME === undefined ? undefined : join(environment.HOME, '.docker'));
  if (folder === undefined) return {};
  const path = join(folder, 'config.json');
  try {
    // Only these fields are read, each checked where it is used.
    const config = JSON.parse(await readFile(path, 'utf8')) as { auths?: Record<string, Login> } | null;
    return config?.auths ?? {};
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return {};
    throw new CommandError(`Cannot read the logins in ${path}: ${messageOf(error)}`, 1, { cause: error });
  }
}
