import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, messageOf } from '#kit';
import { CommandError } from '../errors.ts';

export type Login = { readonly username: string; readonly password: string } | { readonly identityToken: string };
interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}
const HUB = 'https://index.docker.io/v1/';
/** What helpers call the user of an identity token. */
const TOKEN_USER = '<token>';
const UNKNOWN = /credentials not found/i;

/**
 * Who the user is at a registry, as `docker login` wrote it into config.json (DOCKER_CONFIG, else ~/.docker): from the registry's helper,
 * the common store, or the file itself; undefined for nobody. Errors: `COMMAND_FAILED` for a file or a helper that does not work.
 */
export async function loginOf(registry: string, environment: NodeJS.ProcessEnv): Promise<Login | undefined> {
  const config = await readConfig(environment);
  const keys = registry === 'docker.io' ? [HUB, 'index.docker.io', 'docker.io'] : [registry, `https://${registry}`, `http://${registry}`];
  const helper = keys.map((key) => config.credHelpers?.[key]).find((name) => name !== undefined) ?? config.credsStore;
  if (helper !== undefined && helper !== '') return askHelper(helper, registry === 'docker.io' ? HUB : registry, environment);
  const entry = keys.map((key) => config.auths?.[key]).find((one) => one !== undefined);
  if (entry?.identitytoken) return { identityToken: entry.identitytoken };
  const decoded = Buffer.from(entry?.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

async function readConfig(environment: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const folder = environment.DOCKER_CONFIG ?? (environment.HOME === undefined ? undefined : join(environment.HOME, '.docker'));
  if (folder === undefined) return {};
  const path = join(folder, 'config.json');
  try {
    // Only these fields are read, each where it is used.
    return (JSON.parse(await readFile(path, 'utf8')) as DockerConfig | null) ?? {};
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return {};
    throw new CommandError(`Cannot read the logins in ${path}: ${messageOf(error)}`, 1, { cause: error });
  }
}

/** Asks as docker-credential-helpers has it: the registry on standard input, JSON on standard output. */
async function askHelper(name: string, registry: string, environment: NodeJS.ProcessEnv): Promise<Login | undefined> {
  const program = `docker-credential-${name}`;
  const { status, said } = await converse(program, registry, environment).catch((error: unknown) => {
    throw new CommandError(`Cannot ask ${program}, which config.json names, for the login at ${registry}: ${messageOf(error)}`, 1, { cause: error });
  });
  if (status !== 0 && UNKNOWN.test(said)) return undefined;
  if (status !== 0) throw new CommandError(`Cannot get the login at ${registry}: ${program} says: ${said.trim()}`);
  // Both fields are looked at.
  const { Username, Secret } = JSON.parse(said) as { readonly Username?: unknown; readonly Secret?: unknown };
  if (typeof Username !== 'string' || typeof Secret !== 'string') throw new CommandError(`Cannot get the login at ${registry}: ${program} gives none`);
  return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
}

function converse(program: string, input: string, environment: NodeJS.ProcessEnv): Promise<{ readonly status: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'inherit'], env: environment });
    let said = '';
    child.once('error', reject);
    child.stdin.once('error', reject);
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    child.once('close', (status) => resolve({ status, said }));
    child.stdin.end(input);
  });
}
