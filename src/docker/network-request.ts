import type { EndpointSpec, LinkSpec, NetworkMode } from '#engine';
import { badRequest, unsupported } from './errors.ts';
import { defined, type Fields, isEmpty } from './json.ts';

const REFUSED = ['DriverOpts', 'GwPriority', 'IPv6Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen'];

/** EndpointSettings of create and connect. What an inspection gave back (NetworkID, Gateway, …) means nothing in a request. */
export function endpointSpec(fields: Fields): EndpointSpec {
  for (const name of REFUSED) if (!isEmpty(fields.any(name))) throw unsupported(`EndpointSettings.${name}`);
  const ipam = fields.inner('IPAMConfig');
  for (const name of ['IPv6Address', 'LinkLocalIPs']) if (!isEmpty(ipam.any(name))) throw unsupported(`EndpointSettings.IPAMConfig.${name}`);
  return defined({
    aliases: fields.texts('Aliases'),
    address: ipam.text('IPv4Address'),
    macAddress: macAddress(fields),
    links: linkSpecs(fields.texts('Links')),
  });
}

/** `container[:alias]`. Errors: 400. */
export function linkSpecs(texts: readonly string[] | undefined): readonly LinkSpec[] | undefined {
  const links = (texts ?? []).map((text): LinkSpec => {
    const [container = '', alias = container, ...rest] = text.split(':');
    if (container === '' || alias === '' || rest.length > 0) throw badRequest(`bad format for links: ${text} (a right one looks like name:alias)`);
    // What an inspection gave back looks like /db:/web/alias.
    return { container: container.replace(/^\//, ''), alias: alias.slice(alias.lastIndexOf('/') + 1) };
  });
  return links.length === 0 ? undefined : links;
}

/** A MacAddress field in the form the kernel writes it. Errors: 400. */
export function macAddress(fields: Fields): string | undefined {
  const text = fields.text('MacAddress');
  if (text === undefined) return undefined;
  const address = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address)) throw badRequest(`invalid MAC address: ${text} (a right one looks like 02:42:ac:11:00:02)`);
  // The lowest bit of the first byte makes it the address of a group.
  if (Number.parseInt(address.slice(0, 2), 16) % 2 === 1) throw badRequest(`invalid MAC address: ${text} is an address of many`);
  return address;
}

/** HostConfig.NetworkMode together with the endpoints of NetworkingConfig. */
export function networkMode(mode: string | undefined, endpoints: Readonly<Record<string, EndpointSpec>>, mac?: string): NetworkMode {
  const others = Object.keys(endpoints);
  if (mode === 'none' || mode === 'host') {
    if (others.some((name) => name !== mode)) throw badRequest(`conflicting options: a container with network ${mode} cannot join ${others.join(', ')}`);
    return { kind: mode };
  }
  if (mode?.startsWith('container:')) return { kind: 'container', id: mode.slice('container:'.length) };
  const main = mode === undefined || mode === 'default' ? 'bridge' : mode;
  const named = Object.fromEntries(Object.entries(endpoints).map(([name, endpoint]) => [name === 'default' ? 'bridge' : name, endpoint]));
  const all: Readonly<Record<string, EndpointSpec>> = { [main]: {}, ...named };
  const own = all[main]?.macAddress;
  if (mac !== undefined && own !== undefined && own !== mac)
    throw badRequest('conflicting MAC address options: the container-wide one must be the same as that of its main network, or left out');
  return { kind: 'networks', endpoints: mac === undefined ? all : { ...all, [main]: { ...all[main], macAddress: mac } } };
}
