import { badRequest } from './errors.ts';
import { isEmpty, isObject, type JsonObject } from './json.ts';

/** Fields of requests by the version that brought them: earlier clients may send them, and are not meant. `*` is every key or item. */
const BROUGHT: Readonly<Record<'container' | 'exec', readonly (readonly [path: string, from: number])[]>> = {
  container: [
    ['HostConfig.AutoRemove', 25],
    ['HostConfig.CgroupnsMode', 41],
    ['HostConfig.ConsoleSize', 42],
    ['HostConfig.Annotations', 43],
    ['HostConfig.Umask', 56],
    ['Healthcheck.StartInterval', 44],
    ['HostConfig.Mounts.*.BindOptions.NonRecursive', 40],
    ['HostConfig.Mounts.*.BindOptions.CreateMountpoint', 42],
    ['HostConfig.Mounts.*.BindOptions.ReadOnlyForceRecursive', 44],
    ['HostConfig.Mounts.*.TmpfsOptions.Options', 46],
    ['NetworkingConfig.EndpointsConfig.*.MacAddress', 44],
    ['NetworkingConfig.EndpointsConfig.*.GwPriority', 48],
  ],
  exec: [
    ['Env', 25],
    ['WorkingDir', 35],
    ['ConsoleSize', 42],
  ],
};

/** The body as a client of that version means it. Errors: 400 for what the version does not have and that may not be left out. */
export function ofVersion(kind: keyof typeof BROUGHT, body: JsonObject, minor: number): JsonObject {
  if (kind === 'container') refuseOthers(body, minor);
  const gone = BROUGHT[kind].filter(([, from]) => minor < from);
  const meant = gone.reduce<unknown>((rest, [path]) => without(rest, path.split('.')), body);
  return isObject(meant) ? withDefaults(kind, meant, minor) : body;
}

function refuseOthers(body: JsonObject, minor: number): void {
  const networking = body['NetworkingConfig'];
  const endpoints = isObject(networking) && isObject(networking['EndpointsConfig']) ? Object.keys(networking['EndpointsConfig']) : [];
  if (minor < 44 && endpoints.length > 1) throw badRequest(`Container cannot be connected to network endpoints: ${endpoints.join(', ')}`);
  if (minor >= 52 && !isEmpty(body['MacAddress']))
    throw badRequest('container-wide MAC address no longer supported; use endpoint-specific MAC address instead');
  const host = body['HostConfig'];
  const mounts: readonly unknown[] = isObject(host) && Array.isArray(host['Mounts']) ? host['Mounts'] : [];
  for (const mount of mounts) {
    if (!isObject(mount)) continue;
    if (minor < 48 && mount['Type'] === 'image') throw badRequest('Mount type "image" needs API v1.48 or newer');
    if (minor < 45 && isObject(mount['VolumeOptions']) && !isEmpty(mount['VolumeOptions']['Subpath']))
      throw badRequest('VolumeOptions.Subpath needs API v1.45 or newer');
  }
}

/** What was so before it could be said. */
function withDefaults(kind: keyof typeof BROUGHT, body: JsonObject, minor: number): JsonObject {
  const host = body['HostConfig'] ?? {};
  if (kind !== 'container' || minor >= 40 || !isObject(host) || !isEmpty(host['IpcMode'])) return body;
  return { ...body, HostConfig: { ...host, IpcMode: 'shareable' } };
}

function without(value: unknown, [key = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) return key === '*' ? value.map((each) => without(each, rest)) : value;
  if (!isObject(value)) return value;
  if (key === '*') return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, without(each, rest)]));
  if (!(key in value)) return value;
  if (rest.length > 0) return { ...value, [key]: without(value[key], rest) };
  const { [key]: _own, ...others } = value;
  return others;
}
