import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { UP_OPTIONS } from '../up-options.ts';

/** A service stands in another folder than who installs it. */
const PATHS = new Set([
  'config',
  'data-dir',
  'run-dir',
  'docker-socket',
  'kubeconfig',
  'client-kubeconfig',
  'daemon-json',
  'tlscacert',
  'tlscert',
  'tlskey',
  'token-auth-file',
  'client-ca-file',
  'service-account-key-file',
  'service-account-signing-key-file',
]);

/** The options of `gantry up` as the service is to have them: checked, and with absolute paths. Pure. Errors: `USAGE`. */
export function upWords(given: readonly string[]): readonly string[] {
  const { values } = parseOptions({ args: [...given], options: UP_OPTIONS, allowPositionals: false });
  const { detach, 'ready-fd': readyFd, ...others } = values;
  if (detach || readyFd !== undefined)
    throw new UsageError(`Cannot install a service with ${detach ? '--detach' : '--ready-fd'}: systemd keeps it in the background, leave that out`);
  return Object.entries(others).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return [`--${name}=${value}`];
    const texts = typeof value === 'string' ? [value] : (value ?? []);
    return texts.flatMap((text) => [`--${name}`, PATHS.has(name) ? resolve(text) : text]);
  });
}
