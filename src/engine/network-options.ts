import { familyOf, type MacvlanMode } from '#network';
import { invalid, unsupported } from './errors.ts';

/** The driver options of networks and of endpoints, in Docker's words. Pure. */

export type NetworkOptions = Readonly<Record<string, string>>;

/** What a bridge network's options say. */
export interface BridgeSettings {
  readonly bridge?: string;
  readonly mtu?: number;
  readonly masquerade: boolean;
  /** Its containers may not speak to one another. */
  readonly apart: boolean;
  /** Where ports are published that name no address of the machine. */
  readonly hostBinding?: string;
  /** The bridge has no IPv4 address. */
  readonly withoutAddress: boolean;
  readonly trustedLinks: readonly string[];
  readonly interfacePrefix: string;
}

/** What a macvlan network's options say. */
export interface MacvlanSettings {
  readonly parent?: string;
  readonly mode: MacvlanMode;
  readonly mtu?: number;
  readonly interfacePrefix: string;
}

const [BRIDGE, ENDPOINT, DRIVER] = ['com.docker.network.bridge.', 'com.docker.network.endpoint.', 'com.docker.network.'];
const MTU = `${DRIVER}driver.mtu`;
const PREFIX = `${DRIVER}container_iface_prefix`;
const GATEWAY_MODES = [`${BRIDGE}gateway_mode_ipv4`, `${BRIDGE}gateway_mode_ipv6`];
const BRIDGE_OPTIONS = [
  MTU,
  PREFIX,
  ...['name', 'enable_ip_masquerade', 'enable_icc', 'host_binding_ipv4', 'inhibit_ipv4', 'trusted_host_interfaces'].map((name) => BRIDGE + name),
  ...GATEWAY_MODES,
];
const MACVLAN_OPTIONS = [MTU, PREFIX, 'parent', 'macvlan_mode'];
const MACVLAN_MODES: readonly string[] = ['bridge', 'private', 'vepa', 'passthru'];

/** Errors: `ENGINE_UNSUPPORTED`, `ENGINE_INVALID`, each naming the option. */
export function bridgeSettings(options: NetworkOptions): BridgeSettings {
  checkKnown(options, BRIDGE_OPTIONS, 'network option');
  for (const name of GATEWAY_MODES)
    if (options[name] !== undefined && options[name] !== 'nat')
      throw unsupported(`${name}=${options[name]}`, 'packets are always led by address translation (nat)');
  const hostBinding = options[`${BRIDGE}host_binding_ipv4`];
  if (hostBinding !== undefined && familyOf(hostBinding) !== 4) throw invalid(`${BRIDGE}host_binding_ipv4`, `"${hostBinding}" is no IPv4 address`);
  const bridge = options[`${BRIDGE}name`];
  return {
    ...(bridge === undefined ? {} : { bridge }),
    ...mtuOf(options),
    masquerade: flag(options, `${BRIDGE}enable_ip_masquerade`, true),
    apart: !flag(options, `${BRIDGE}enable_icc`, true),
    ...(hostBinding === undefined ? {} : { hostBinding }),
    withoutAddress: flag(options, `${BRIDGE}inhibit_ipv4`, false),
    trustedLinks: (options[`${BRIDGE}trusted_host_interfaces`] ?? '')
      .split(':')
      .filter((name) => name !== '')
      .map((name) => linkName(`${BRIDGE}trusted_host_interfaces`, name)),
    interfacePrefix: prefixOf(options),
  };
}

/** Errors: as `bridgeSettings`. */
export function macvlanSettings(options: NetworkOptions): MacvlanSettings {
  checkKnown(options, MACVLAN_OPTIONS, 'network option');
  const { parent, macvlan_mode: mode = 'bridge' } = options;
  if (!MACVLAN_MODES.includes(mode))
    throw invalid('macvlan_mode', `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
  return {
    ...(parent === undefined || parent === '' ? {} : { parent: linkName('parent', parent) }),
    // The line above leaves just what the type says.
    mode: mode as MacvlanMode,
    ...mtuOf(options),
    interfacePrefix: prefixOf(options),
  };
}

/** What an endpoint's options say. */
export interface EndpointSettings {
  readonly interfaceName?: string;
  /** By their names with the real interface's in place, such as `net/ipv4/conf/eth0/log_martians`. */
  sysctls(interfaceName: string): readonly { readonly name: string; readonly value: string }[];
}

/** Errors: as `bridgeSettings`. */
export function endpointSettings(options: NetworkOptions): EndpointSettings {
  checkKnown(options, [`${ENDPOINT}sysctls`, `${ENDPOINT}ifname`], 'endpoint option');
  const interfaceName = options[`${ENDPOINT}ifname`];
  if (interfaceName !== undefined) linkName(`${ENDPOINT}ifname`, interfaceName);
  const settings = (options[`${ENDPOINT}sysctls`] ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map(parseSysctl);
  return {
    ...(interfaceName === undefined ? {} : { interfaceName }),
    sysctls: (real) => settings.map(({ path, value }) => ({ name: path.map((part, index) => (index === 3 ? real : part)).join('/'), value })),
  };
}

/** `net.ipv4.conf.IFNAME.log_martians=1`: of one link only, which goes by the name IFNAME; docker's command line makes it small letters. */
function parseSysctl(text: string): { readonly path: readonly string[]; readonly value: string } {
  const cut = text.indexOf('=');
  const path = text.slice(0, Math.max(0, cut)).trim().split('.');
  const isOfLink = path.length === 5 && path[0] === 'net' && ['ipv4', 'ipv6', 'mpls'].includes(path[1] ?? '') && path[3]?.toUpperCase() === 'IFNAME';
  if (cut < 0 || !isOfLink || path.some((part) => !/^\w+$/.test(part)))
    throw invalid(`${ENDPOINT}sysctls`, `"${text}" must be of the form net.X.Y.IFNAME.Z=V, with ipv4, ipv6 or mpls for X`);
  return { path, value: text.slice(cut + 1) };
}

function checkKnown(options: NetworkOptions, known: readonly string[], what: string): void {
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unsupported(`${what} ${name}`, `known are ${known.join(', ')}`);
}

function mtuOf(options: NetworkOptions): { readonly mtu?: number } {
  const text = options[MTU];
  if (text === undefined) return {};
  if (!/^\d{1,5}$/.test(text) || Number(text) < 68 || Number(text) > 65_535) throw invalid(MTU, `"${text}" is no whole number from 68 to 65535`);
  return { mtu: Number(text) };
}

function prefixOf(options: NetworkOptions): string {
  const prefix = options[PREFIX] ?? 'eth';
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,11}$/.test(prefix)) throw invalid(PREFIX, `"${prefix}" can't begin a link's name: use at most 12 letters and digits`);
  return prefix;
}

function linkName(option: string, name: string): string {
  if (!/^[A-Za-z0-9_.@-]{1,15}$/.test(name) || name === '.' || name === '..') throw invalid(option, `"${name}" is no name of a link`);
  return name;
}

/** Go's words for true and false. */
function flag(options: NetworkOptions, name: string, otherwise: boolean): boolean {
  const text = options[name];
  if (text === undefined) return otherwise;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw invalid(name, `"${text}" is neither true nor false`);
}
