import type { PublishSpec } from '#engine';
import { badRequest } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';

/** `80/tcp` and ranges such as `8000-8010/udp`, one by one. */
export function parsePort(text: string): readonly { readonly port: number; readonly protocol: PublishSpec['protocol'] }[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text.toLowerCase());
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  const protocol = match?.[3] ?? 'tcp';
  if (!match || first < 1 || last > 65_535 || last < first || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp'))
    throw badRequest(`invalid port specification: "${text}" (a right one looks like 80/tcp or 8000-8010/udp, from 1 to 65535)`);
  return Array.from({ length: last - first + 1 }, (_, index) => ({ port: first + index, protocol }));
}

/** Keys of ExposedPorts or PortBindings as `80/tcp`. */
export function exposedPorts(object: JsonObject): readonly string[] {
  return Object.keys(object).flatMap((text) => parsePort(text).map(({ port, protocol }) => `${port}/${protocol}`));
}

/** HostConfig.PortBindings: each container port with its host ports; a range of host ports goes with a range of container ports, or offers a choice. */
export function portBindings(object: JsonObject): readonly PublishSpec[] {
  return Object.entries(object).flatMap(([text, bindings]) => {
    const ports = parsePort(text);
    if (bindings !== null && !(Array.isArray(bindings) && bindings.every(isObject)))
      throw badRequest(`invalid PortBindings for ${text}: it must be a list of {"HostIp", "HostPort"}`);
    const list: readonly JsonObject[] = bindings === null || bindings.length === 0 ? [{}] : bindings;
    return list.flatMap((binding) => ports.map(({ port, protocol }, index) => publish(port, protocol, binding, index, ports.length)));
  });
}

function publish(containerPort: number, protocol: PublishSpec['protocol'], binding: JsonObject, index: number, count: number): PublishSpec {
  const hostAddress = String(binding['HostIp'] ?? '');
  const hostPort = String(binding['HostPort'] ?? '');
  const base = { containerPort, protocol, ...(hostAddress === '' ? {} : { hostAddress }) };
  if (hostPort === '' || hostPort === '0') return base;
  const match = /^(\d+)(?:-(\d+))?$/.exec(hostPort);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || first < 1 || last > 65_535 || last < first) throw badRequest(`Invalid hostPort: "${hostPort}" (a right one is a number from 1 to 65535)`);
  if (match[2] !== undefined && last - first + 1 !== count) throw badRequest(`Invalid ranges specified for container and host Ports: ${count} and ${hostPort}`);
  return { ...base, hostPort: first + index };
}
