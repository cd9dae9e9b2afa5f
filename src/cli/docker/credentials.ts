import { allLogins, type Login, loginOf } from '../logins.ts';
import type { Terminal } from '../terminal.ts';
import { registryOf } from './reference.ts';

/** As what Docker's API knows Docker Hub. */
const HUB = 'https://index.docker.io/v1/';

/** The header with which a pull or push of that image logs in; a blank login for nobody. Errors: `COMMAND_FAILED`. */
export async function loginHeader(image: string, environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const registry = registryOf(image);
  const login = await loginOf(registry, environment);
  return { 'X-Registry-Auth': encode(login === undefined ? {} : authConfig(registry, login)) };
}

/** The header with the logins of all registries, for a build; helpers that do not work are told of. Errors: `COMMAND_FAILED`. */
export async function buildLoginHeader({ environment, stderr }: Terminal): Promise<Readonly<Record<string, string>>> {
  const logins = await allLogins(environment, (problem) => stderr.write(`[Warning] ${problem}\n`));
  const configs = [...logins].map(([registry, login]) => [registry === 'docker.io' ? HUB : registry, authConfig(registry, login)]);
  return configs.length === 0 ? {} : { 'X-Registry-Config': encode(Object.fromEntries(configs)) };
}

/** AuthConfig of the API. */
function authConfig(registry: string, login: Login): object {
  const serveraddress = registry === 'docker.io' ? HUB : registry;
  if ('registryToken' in login) return { registrytoken: login.registryToken, serveraddress };
  return 'identityToken' in login ? { identitytoken: login.identityToken, serveraddress } : { ...login, serveraddress };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
