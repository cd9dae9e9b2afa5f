import { isIP } from 'node:net';
import { GantryError } from '#kit';
import type { EndpointSpec, LinkSpec, NetworkMode, NetworkSpec, PoolSpec } from '#engine';
import { badRequest, notSwarm, unsupported } from './errors.ts';
import { defined, Fields, isEmpty } from './json.ts';

/** The body of `POST /networks/create`. Errors: 400, naming the field; 404 for a driver that is not here; 503 for what a swarm only has. */
export function networkSpec(fields: Fields): NetworkSpec {
  const name = fields.text('Name');
  if (name === undefined || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw badRequest(`invalid network name: "${name ?? ''}" (a right one begins with a letter or digit, then letters, digits, ".", "_" and "-")`);
  if (fields.flag('Ingress') || fields.text('Scope') === 'swarm') throw notSwarm;
  if (!['', 'local'].includes(fields.text('Scope') ?? '')) throw unsupported(`Scope "${fields.text('Scope')}" of a network (use local)`);
  if (fields.choice('EnableIPv4') === false) throw unsupported('EnableIPv4: false (a network without IPv4)');
  return defined({
    name,
    driver: driver(fields.text('Driver') ?? 'bridge'),
    pools: addressPools(fields.inner('IPAM')),
    ipv6: fields.flag('EnableIPv6') || undefined,
    internal: fields.flag('Internal') || undefined,
    attachable: fields.flag('Attachable') || undefined,
    configOnly: fields.flag('ConfigOnly') || undefined,
    configFrom: fields.inner('ConfigFrom').text('Network'),
    labels: fields.map('Labels'),
    options: fields.map('Options'),
  });
}

function driver(name: string): 'bridge' | 'macvlan' {
  if (name === 'bridge' || name === 'default') return 'bridge';
  if (name === 'macvlan') return name;
  const status = ['host', 'none', 'null'].includes(name) ? 403 : 404;
  if (status === 403) throw new GantryError('NETWORK_PREDEFINED', 403, `only one instance of "${name}" network is allowed`);
  const words = name === 'ipvlan' ? 'ipvlan networks are not supported by Gantry: use the driver macvlan, or bridge' : `plugin "${name}" not found`;
  throw new GantryError('NETWORK_DRIVER_UNKNOWN', name === 'ipvlan' ? 400 : 404, `${words} (drivers here are bridge and macvlan)`);
}

function addressPools(ipam: Fields): readonly PoolSpec[] {
  if (!['', 'default'].includes(ipam.text('Driver') ?? '')) throw unsupported(`IPAM.Driver "${ipam.text('Driver')}"`);
  if (!isEmpty(ipam.any('Options'))) throw unsupported('IPAM.Options');
  return ipam
    .objects('Config')
    .map((entry) => {
      const fields = new Fields(entry, 'IPAM.Config.');
      const auxiliary = fields.map('AuxiliaryAddresses');
      return defined({
        subnet: fields.text('Subnet'),
        range: fields.text('IPRange'),
        gateway: fields.text('Gateway'),
        auxiliary: isEmpty(auxiliary) ? undefined : auxiliary,
      });
    })
    .filter((pool) => Object.keys(pool).length > 0);
}

/** EndpointSettings of create and connect. What an inspection gave back (NetworkID, Gateway, …) means nothing in a request. */
export function endpointSpec(fields: Fields): EndpointSpec {
  const ipam = fields.inner('IPAMConfig');
  if (!isEmpty(ipam.any('LinkLocalIPs'))) throw unsupported('EndpointSettings.IPAMConfig.LinkLocalIPs');
  const driverOptions = fields.map('DriverOpts');
  return defined({
    aliases: fields.texts('Aliases'),
    address: address(ipam.text('IPv4Address'), 4),
    ipv6Address: address(ipam.text('IPv6Address'), 6),
    macAddress: macAddress(fields),
    links: linkSpecs(fields.texts('Links')),
    driverOptions: isEmpty(driverOptions) ? undefined : driverOptions,
    gwPriority: fields.integer('GwPriority') || undefined,
  });
}

/** Errors: 400. */
function address(text: string | undefined, family: 4 | 6): string | undefined {
  if (text !== undefined && isIP(text) !== family) throw badRequest(`invalid endpoint settings: invalid IPv${family} address: ${text}`);
  return text;
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
