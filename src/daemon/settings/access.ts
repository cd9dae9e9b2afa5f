import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { ACCESS_NAMES, type OptionValues } from '../option-names.ts';

/** kube-apiserver's options about who may do what; files by their full paths. */
export interface AccessSettings {
  readonly tokenFile?: string;
  readonly clientCaFile?: string;
  /** RBAC without it. */
  readonly modes?: readonly string[];
  readonly disabledPlugins: readonly string[];
  /** The first one issues. */
  readonly issuers: readonly string[];
  /** The first issuer where it is empty. */
  readonly audiences: readonly string[];
  readonly keyFiles: readonly string[];
  readonly signingKeyFile?: string;
}
export const NO_ACCESS: AccessSettings = { disabledPlugins: [], issuers: [], audiences: [], keyFiles: [] };

/** The first of these options that is said. */
export function namesAccess(options: OptionValues): string | undefined {
  return ACCESS_NAMES.find((name) => options[name] !== undefined);
}

/** Errors: `CONFIG_INVALID`, naming the option and what it may be. Pure. */
export function resolveAccess(options: OptionValues, modes: readonly string[], plugins: readonly string[]): AccessSettings {
  const listed = (name: (typeof ACCESS_NAMES)[number]) => (options[name] ?? '').split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
  const known = (name: (typeof ACCESS_NAMES)[number], names: readonly string[]) => {
    const foreign = listed(name).find((one) => !names.includes(one));
    if (foreign !== undefined) throw new ConfigError(`Cannot take "${foreign}" for --${name}: it is one or several of ${names.join(', ')}`);
    return listed(name);
  };
  const enabled = known('enable-admission-plugins', plugins);
  const disabledPlugins = known('disable-admission-plugins', plugins);
  const both = enabled.find((name) => disabledPlugins.includes(name));
  if (both !== undefined) throw new ConfigError(`Cannot take "${both}" for --enable-admission-plugins: --disable-admission-plugins names it too`);
  const chosen = known('authorization-mode', modes);
  if (options['authorization-mode'] !== undefined && chosen.length === 0)
    throw new ConfigError(`Cannot take nothing for --authorization-mode: it is one or several of ${modes.join(', ')}`);
  const issuers = listed('service-account-issuer');
  const bad = issuers.find((one) => one.includes(':') && !URL.canParse(one));
  if (bad !== undefined)
    throw new ConfigError(`Cannot take "${bad}" for --service-account-issuer: with a colon it must be a URL, such as https://cluster.example.org`);
  const file = (name: (typeof ACCESS_NAMES)[number]) => (options[name] === undefined ? undefined : resolve(options[name]));
  const [tokenFile, clientCaFile, signingKeyFile] = [file('token-auth-file'), file('client-ca-file'), file('service-account-signing-key-file')];
  return {
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(clientCaFile === undefined ? {} : { clientCaFile }),
    ...(signingKeyFile === undefined ? {} : { signingKeyFile }),
    ...(chosen.length === 0 ? {} : { modes: chosen }),
    disabledPlugins,
    issuers,
    audiences: listed('api-audiences'),
    keyFiles: listed('service-account-key-file').map((path) => resolve(path)),
  };
}
