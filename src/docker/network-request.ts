import type { EndpointSpec, NetworkMode } from '#engine';
import { badRequest, unsupported } from './errors.ts';
import { defined, type Fields, isEmpty } from './json.ts';

const REFUSED = ['Links', 'MacAddress', 'DriverOpts', 'GwPriority', 'IPv6Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen'];

/** EndpointSettings of create and connect. What an inspection gave back (NetworkID, Gateway, …) means nothing in a request. */
export function endpointSpec(fields: Fields): EndpointSpec {
  for (const name of REFUSED) if (!isEmpty(fields.any(name))) throw unsupported(`EndpointSettings.${name}`);
  const ipam = fields.inner('IPAMConfig');
  for (const name of ['IPv6Address', 'LinkLocalIPs']) if (!isEmpty(ipam.any(name))) throw unsupported(`EndpointSettings.IPAMConfig.${name}`);
  return defined({ aliases: fields.texts('Aliases'), address: ipam.text('IPv4Address') });
}

/** HostConfig.NetworkMode together with the endpoints of NetworkingConfig. */
export function networkMode(mode: string | undefined, endpoints: Readonly<Record<string, EndpointSpec>>): NetworkMode {
  const others = Object.keys(endpoints);
  if (mode === 'none' || mode === 'host') {
    if (others.some((name) => name !== mode)) throw badRequest(`conflicting options: a container with network ${mode} cannot join ${others.join(', ')}`);
    return { kind: mode };
  }
  if (mode?.startsWith('container:')) return { kind: 'container', id: mode.slice('container:'.length) };
  const main = mode === undefined || mode === 'default' ? 'bridge' : mode;
  const named = Object.fromEntries(Object.entries(endpoints).map(([name, endpoint]) => [name === 'default' ? 'bridge' : name, endpoint]));
  return { kind: 'networks', endpoints: { [main]: {}, ...named } };
}
