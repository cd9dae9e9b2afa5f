import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, messageOf } from '#kit';
import { askHelper, listOfHelper } from './credential-helper.ts';
import { CommandError } from './errors.ts';

/** Who somebody is at a registry. */
export type Login = { readonly username: string; readonly password: string } | { readonly identityToken: string } | { readonly registryToken: string };

interface Entry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}
/** Of docker's config.json; only these fields are read, each where it is used. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, Entry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}
/** As what helpers and config.json know Docker Hub. */
const HUB = 'https://index.docker.io/v1/';

/**
 * Who the user is at a registry (`host[:port]`, `docker.io` for Docker Hub), as `docker login` wrote it into config.json (DOCKER_CONFIG, else
 * ~/.docker): from the registry's helper, the common store, or the file itself; undefined for nobody. Errors: `COMMAND_FAILED` for a file or a
 * helper that does not work.
 */
export async function loginOf(registry: string, environment: NodeJS.ProcessEnv): Promise<Login | undefined> {
  return await loginIn(await readConfig(environment), registry, environment);
}

/**
 * Who the user is at every registry that config.json or its helpers know. What does not work is told to `warn`: it may be of a registry that
 * nobody is about to ask. Errors: `COMMAND_FAILED` for a file that can't be read.
 */
export async function allLogins(environment: NodeJS.ProcessEnv, warn: (problem: string) => void): Promise<ReadonlyMap<string, Login>> {
  const config = await readConfig(environment);
  const tell = (error: unknown) => warn(messageOf(error));
  const stored = config.credsStore ? await listOfHelper(config.credsStore, environment).catch((error: unknown) => (tell(error), [])) : [];
  const known = [...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {}), ...stored];
  const logins = new Map<string, Login>();
  for (const registry of new Set(known.map(hostOf))) {
    try {
      const login = await loginIn(config, registry, environment);
      if (login !== undefined) logins.set(registry, login);
    } catch (error) {
      tell(error);
    }
  }
  return logins;
}

async function loginIn(config: DockerConfig, registry: string, environment: NodeJS.ProcessEnv): Promise<Login | undefined> {
  const helper = entryOf(config.credHelpers, registry) ?? config.credsStore;
  if (helper) return await askHelper(helper, registry === 'docker.io' ? HUB : registry, environment);
  const entry = entryOf(config.auths, registry);
  if (entry?.registrytoken) return { registryToken: entry.registrytoken };
  if (entry?.identitytoken) return { identityToken: entry.identitytoken };
  const decoded = Buffer.from(entry?.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon >= 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  return entry?.username ? { username: entry.username, password: entry.password ?? '' } : undefined;
}

/** The entry of a registry, whose key may have a scheme and a path. */
function entryOf<T>(entries: Readonly<Record<string, T>> | undefined, registry: string): T | undefined {
  const own = entries !== undefined && Object.hasOwn(entries, registry) ? entries[registry] : undefined;
  return own ?? Object.entries(entries ?? {}).find(([key]) => hostOf(key) === registry)?.[1];
}

function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

async function readConfig(environment: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const folder = environment.DOCKER_CONFIG ?? (environment.HOME === undefined ? undefined : join(environment.HOME, '.docker'));
  if (folder === undefined) return {};
  const path = join(folder, 'config.json');
  try {
    // A cast because the fields are looked at where they are used.
    return (JSON.parse(await readFile(path, 'utf8')) as DockerConfig | null) ?? {};
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return {};
    throw new CommandError(`Cannot read the logins in ${path}: ${messageOf(error)}`, 1, { cause: error });
  }
}
