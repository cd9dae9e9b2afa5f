import { isIP } from 'node:net';
import { logBounds, type LogSpec, type OciRuntime } from '#engine';
import { mapping, text, textMapping, texts, WrongForm, whole } from './values.ts';

type Ulimits = readonly { readonly name: string; readonly soft: number; readonly hard: number }[];

/** `{"nofile": {"Name": "nofile", "Soft": 64000, "Hard": 64000}}`. */
export function ulimitsOf(value: unknown): Ulimits {
  return Object.entries(mapping(value)).map(([name, item]) => {
    const { Name: again = name, Soft: soft, Hard: hard, ...others } = mapping(item);
    if (again !== name || Object.keys(others).length > 0) throw new WrongForm(`${name} must be {"Name": "${name}", "Soft": 1024, "Hard": 2048}`);
    return { name, soft: whole(-1)(soft), hard: whole(-1)(hard) };
  });
}

/** `{"NAME": {"path": "/usr/bin/runtime", "runtimeArgs": []}}`. */
export function runtimesOf(value: unknown): readonly OciRuntime[] {
  return Object.entries(mapping(value)).map(([name, item]) => {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new WrongForm(`"${name}" is no name of a runtime: use letters, digits and _.-`);
    if (name === 'crun') throw new WrongForm('crun is the runtime that is always there: choose another name');
    const { path, runtimeArgs = [], args = [], ...others } = mapping(item);
    if (Object.keys(others).length > 0)
      throw new WrongForm(`${name} has a path and runtimeArgs only, not ${Object.keys(others).join(', ')}: runtimes are OCI command lines, no shims`);
    return { name, path: text(path), args: [...texts(args), ...texts(runtimeArgs)] };
  });
}

/** What new containers log with: both keys together. */
export function logOf(driver: unknown, options: unknown): LogSpec {
  const name = driver ?? 'json-file';
  if (name !== 'json-file' && name !== 'local' && name !== 'none') throw new WrongForm('the drivers here are json-file, local and none');
  const log: LogSpec = { driver: name, options: options === undefined ? {} : textMapping(options) };
  try {
    logBounds(log);
  } catch (error) {
    throw new WrongForm(error instanceof Error ? error.message : String(error));
  }
  return log;
}

/** `https://mirror.example`. */
export function mirrorsOf(value: unknown): readonly string[] {
  return texts(value).map((mirror) => {
    const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
    const isRight = url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '';
    if (!isRight) throw new WrongForm(`"${mirror}" is no mirror: a right one is https://mirror.example`);
    return mirror;
  });
}

/** `registry.example`, `registry.example:5000` or a network. */
export function insecureOf(value: unknown): readonly string[] {
  return texts(value).map((entry) => {
    const [network = '', prefix] = entry.split('/');
    const bits = isIP(network) === 4 ? 32 : 128;
    const isNetwork = prefix !== undefined && isIP(network) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
    const isHost = /^(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/.test(entry);
    if (!isNetwork && !isHost) throw new WrongForm(`"${entry}" is no registry: a right one is registry.example:5000 or 192.0.2.0/24, without a scheme`);
    return entry;
  });
}
