import { isIP, isIPv6, BlockList } from 'node:net';

/** Proxies by the scheme of what is asked for, as the usual variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them. */
export interface ProxySettings {
  /** For http:// addresses; `http://[USER:PASSWORD@]HOST:PORT`, or https. */
  readonly http?: string;
  /** For https:// addresses. */
  readonly https?: string;
  /** Hosts that are reached without: names, `.domains`, addresses, networks, each with a port or without, separated by commas; `*` for all. */
  readonly no?: string;
}

/** The proxy as a whole address; undefined when no proxy can be meant by the text. `http` is meant where it names no scheme. */
export function parseProxy(text: string): URL | undefined {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined;
}

/** The proxy through which an address is to be asked for; loopback is never asked for through one. */
export function proxyFor(settings: ProxySettings, url: URL): URL | undefined {
  const text = url.protocol === 'https:' ? settings.https : settings.http;
  if (text === undefined || text === '') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return isLoopback(host) || isExempt(settings.no ?? '', host, port) ? undefined : parseProxy(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The rules are those of the Go programs that users know the variable from: `a.b` means its sub-domains too, `.a.b` and `*.a.b` only these. */
function isExempt(list: string, host: string, port: string): boolean {
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inNetwork(entry, host);
  const [name, wantedPort] = splitPort(entry);
  if (name === '' || (wantedPort !== undefined && wantedPort !== port)) return false;
  if (isIP(name) !== 0) return isIP(host) !== 0 && sameAddress(name, host);
  const domain = name.startsWith('*.') ? name.slice(1) : name;
  if (domain.startsWith('.')) return host.endsWith(domain);
  return host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): readonly [string, string | undefined] {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return [bracketed[1] ?? '', bracketed[2]];
  const match = isIPv6(entry) ? null : /^([^:]*):(\d+)$/.exec(entry);
  return match === null ? [entry, undefined] : [match[1] ?? '', match[2]];
}

function inNetwork(entry: string, host: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function sameAddress(one: string, other: string): boolean {
  const family = isIP(one);
  return family === isIP(other) && inNetwork(`${one}/${family === 4 ? 32 : 128}`, other);
}
