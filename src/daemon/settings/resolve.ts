import { readFile } from 'node:fs/promises';
import type { ListenPlace, ServerTls } from '#docker';
import { seccompOf } from '#engine';
import { parseProxy, type ProxySettings } from '#image';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import type { OptionValues } from '../option-names.ts';
import type { Meaning } from './daemon-json-keys.ts';
import { hostingOf, type TlsFiles } from './hosts.ts';
import { type EngineSettings, type JsonSettings, NO_SETTINGS } from './types.ts';

/** How the engine serves, from the options and what a daemon.json said beside; reads the files that they name. Errors: `CONFIG_INVALID`. */
export async function resolveSettings(
  options: OptionValues,
  json: Pick<Meaning, 'settings' | 'warnings'>,
  environment: NodeJS.ProcessEnv,
  dockerSocket: string,
): Promise<EngineSettings> {
  const { groupName, ...settings } = json.settings ?? {};
  const hosting = hostingOf(options);
  const group = groupName === undefined ? undefined : await groupOf(groupName);
  const tls = hosting.tls === undefined ? undefined : await readTls(hosting.tls);
  return {
    ...NO_SETTINGS,
    ...settings,
    ...(await seccompDefault(settings)),
    listen: hosting.hosts.flatMap((host): readonly ListenPlace[] => {
      if (host.kind === 'tcp') return [{ ...host, ...(tls === undefined ? {} : { tls }) }];
      return host.path === dockerSocket ? [] : [{ ...host, ...(group === undefined ? {} : { group }) }];
    }),
    ...(group === undefined ? {} : { group }),
    proxies: proxiesOf(options, environment),
    warnings: [...hosting.warnings, ...(json.warnings ?? [])],
  };
}

const PROXY_VARIABLES = { 'http-proxy': 'HTTP_PROXY', 'https-proxy': 'HTTPS_PROXY', 'no-proxy': 'NO_PROXY' } as const;

/** Options win over the environment, where each variable may be written small. */
function proxiesOf(options: OptionValues, environment: NodeJS.ProcessEnv): ProxySettings {
  const find = (name: keyof typeof PROXY_VARIABLES): string | undefined => {
    const variable = PROXY_VARIABLES[name];
    const value = options[name] ?? environment[variable] ?? environment[variable.toLowerCase()];
    if (value === undefined || value === '') return undefined;
    if (name !== 'no-proxy' && parseProxy(value) === undefined)
      throw new ConfigError(
        `Cannot take "${value.replace(/\/\/[^@/]*@/, '//')}" for --${name} (or the variable ${variable}): it must be http://[USER:PASSWORD@]HOST:PORT or the same with https://`,
      );
    return value;
  };
  const [http, https, no] = [find('http-proxy'), find('https-proxy'), find('no-proxy')];
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }), ...(no === undefined ? {} : { no }) };
}

async function readTls({ certificate, key, authority }: TlsFiles): Promise<ServerTls> {
  const read = (option: string, path: string) =>
    readFile(path).catch((error: unknown) => {
      throw new ConfigError(`Cannot read ${path} of --${option}: ${messageOf(error)}`, { cause: error });
    });
  const files = {
    certificate: await read('tlscert', certificate),
    key: await read('tlskey', key),
    ...(authority === undefined ? {} : { authority: await read('tlscacert', authority) }),
  };
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext({ cert: files.certificate, key: files.key, ...(files.authority === undefined ? {} : { ca: files.authority }) });
  } catch (error) {
    throw new ConfigError(`Cannot serve TLS with ${[certificate, key, authority].filter((path) => path !== undefined).join(', ')}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return files;
}

/** `builtin` and `unconfined` are words; anything else is a file with a profile. */
async function seccompDefault(settings: JsonSettings): Promise<Partial<EngineSettings>> {
  const { seccompProfile: path, defaults = {} } = settings;
  if (path === undefined || path === 'builtin') return { defaults };
  if (path === 'unconfined') return { defaults: { ...defaults, seccomp: path } };
  try {
    const seccomp = await readFile(path, 'utf8');
    seccompOf(seccomp, [], 'amd64');
    return { defaults: { ...defaults, seccomp } };
  } catch (error) {
    throw new ConfigError(`Cannot use the seccomp-profile ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function groupOf(name: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const line = (await readFile('/etc/group', 'utf8')).split('\n').find((entry) => entry.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  if (id === undefined)
    throw new ConfigError(
      `Cannot give the Docker socket to the group ${name}: there is none of that name. Make it with "groupadd ${name}", or leave "group" out`,
    );
  return Number(id);
}
