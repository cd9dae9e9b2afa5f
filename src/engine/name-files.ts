import { isIPv4 } from 'node:net';
import type { ContainerRecord } from './container.ts';
import type { Endpoint } from './types.ts';

/** Where the engine answers names inside a container. */
export const EMBEDDED_DNS = '127.0.0.11';

/** Of both families. */
const addressesOf = ({ address, ipv6 }: Endpoint): readonly string[] => [address, ...(ipv6 === undefined ? [] : [ipv6.address])];

/** The file with the lines of one endpoint more or less; what else is in it stays as it is. Pure. */
export function hostsEdited(
  text: string,
  record: Pick<ContainerRecord, 'hostname' | 'spec'>,
  change: { readonly more?: Endpoint; readonly less?: Endpoint },
): string {
  const less = new Set(change.less === undefined ? [] : addressesOf(change.less));
  const kept = text.split('\n').filter((line) => line !== '' && !less.has(line.split('\t')[0] ?? ''));
  const more = change.more === undefined ? [] : addressesOf(change.more).map((address) => `${address}\t${namesOf(record)}`);
  return `${[...kept, ...more].join('\n')}\n`;
}

const namesOf = ({ hostname, spec: { domainName } }: Pick<ContainerRecord, 'hostname' | 'spec'>) =>
  domainName ? `${hostname}.${domainName} ${hostname}` : hostname;

/** Text of a container's /etc/hosts. Pure. */
export function hostsText(record: ContainerRecord, endpoints: Readonly<Record<string, Endpoint>>, linked: readonly string[] = []): string {
  const addresses = Object.values(endpoints);
  const gateway = addresses[0]?.gateway ?? '127.0.0.1';
  const names = namesOf(record);
  const own = addresses.flatMap((endpoint) => addressesOf(endpoint).map((address) => `${address}\t${names}`));
  const extra = (record.spec.extraHosts ?? []).map((line) => {
    const cut = Math.max(0, line.indexOf(line.includes('=') ? '=' : ':'));
    const address = line.slice(cut + 1).replace(/^\[|\]$/g, '');
    return `${address === 'host-gateway' ? gateway : address}\t${line.slice(0, cut)}`;
  });
  const loopback = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  return `${[...loopback, ...extra, ...linked, ...own].join('\n')}\n`;
}

/** Text of a container's /etc/resolv.conf, and whether the engine must answer names inside. Pure. */
export function resolvConfText(
  record: ContainerRecord,
  host: string,
  options: { readonly own: boolean; readonly userDefined: boolean },
): { readonly text: string; readonly embedded: boolean } {
  const dns = record.spec.dns ?? {};
  const found = parseResolvConf(host);
  const search = dns.search ?? found.search;
  // In a namespace of its own, 127.0.0.53 and its like are somebody else.
  const reachable = options.own ? found.servers.filter((server) => !server.startsWith('127.') && isIPv4(server)) : found.servers;
  const servers = dns.servers && dns.servers.length > 0 ? dns.servers : reachable;
  const embedded = options.own && (options.userDefined || servers.length === 0);
  const settings = [
    ...(dns.options ?? found.options),
    ...(embedded && ![...(dns.options ?? found.options)].some((word) => word.startsWith('ndots')) ? ['ndots:0'] : []),
  ];
  const lines = [
    ...(embedded ? [`nameserver ${EMBEDDED_DNS}`] : servers.map((server) => `nameserver ${server}`)),
    ...(search.length > 0 && !search.includes('.') ? [`search ${search.join(' ')}`] : []),
    ...(settings.length > 0 ? [`options ${settings.join(' ')}`] : []),
  ];
  return { text: `${lines.join('\n')}\n`, embedded };
}

function parseResolvConf(text: string): { servers: string[]; search: string[]; options: string[] } {
  const result = { servers: new Array<string>(), search: new Array<string>(), options: new Array<string>() };
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().split(/\s+/);
    if (word === 'nameserver' && values[0]) result.servers.push(values[0]);
    else if (word === 'search' || word === 'domain') result.search = values;
    else if (word === 'options') result.options.push(...values);
  }
  return result;
}
