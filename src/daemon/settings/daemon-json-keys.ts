import type { OptionName, OptionValues } from '../option-names.ts';
import { insecureOf, logOf, mirrorsOf, runtimesOf, ulimitsOf } from './daemon-json-values.ts';
import type { JsonSettings } from './types.ts';
import { address, addresses, addressInNetwork, addressPool, bytes, flag, mapping, oneOf, text, texts, WrongForm, whole } from './values.ts';

/** What one key comes to. */
export interface Meaning {
  readonly options?: OptionValues;
  readonly settings?: JsonSettings;
  readonly warnings?: readonly string[];
}
/** What is done with a key of Docker's daemon.json. */
export type KeyRow =
  /** The same as that option of `gantry up`. */
  | { readonly kind: 'option'; readonly option: OptionName; readonly read: (value: unknown) => string }
  | { readonly kind: 'setting'; readonly read: (value: unknown, all: Readonly<Record<string, unknown>>) => Meaning }
  /** These values say what holds anyway; others are refused. */
  | { readonly kind: 'fixed'; readonly values: readonly unknown[]; readonly why: string }
  /** Common and harmless: said, and left undone. */
  | { readonly kind: 'warned'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

const option = (name: OptionName, read: (value: unknown) => string): KeyRow => ({ kind: 'option', option: name, read });
const setting = (read: (value: unknown, all: Readonly<Record<string, unknown>>) => JsonSettings): KeyRow => ({
  kind: 'setting',
  read: (value, all) => ({ settings: read(value, all) }),
});
const fixed = (values: readonly unknown[], why: string): KeyRow => ({ kind: 'fixed', values, why });
const refused = (why: string): KeyRow => ({ kind: 'refused', why });
const warned = (why: string): KeyRow => ({ kind: 'warned', why });

const NO_SWARM = 'there is no swarm here';
const NO_IPV6 = 'the default network has IPv4 addresses only: make one with "docker network create --ipv6"';
const OWN_RULES = "networks and ports are rules in Gantry's own nftables table, without which there are none";
const NO_CONTAINERD = 'no containerd is used here';

/** Every key of Docker's daemon.json, and what becomes of it here. A key that is not in it is refused. */
export const DAEMON_JSON_KEYS: Readonly<Record<string, KeyRow>> = {
  'allow-nondistributable-artifacts': refused('layers of others are never pushed here'),
  'api-cors-header': refused('pages of other sites may not use the API'),
  'authorization-plugins': refused('there are no plugins here; who may use the API is told by the socket and by certificates'),
  bip: setting((value) => {
    const { address: gateway, subnet } = addressInNetwork(value);
    return { bridge: { subnet, gateway } };
  }),
  bip6: refused(NO_IPV6),
  bridge: refused('the default network is made here; choose its addresses with bip'),
  builder: warned('what builds keep has no bounds here'),
  'cgroup-parent': refused("all containers stand below the daemon's own group"),
  'cluster-advertise': refused(NO_SWARM),
  'cluster-store': refused(NO_SWARM),
  containerd: refused(NO_CONTAINERD),
  'containerd-namespace': refused(NO_CONTAINERD),
  'containerd-plugin-namespace': refused(NO_CONTAINERD),
  'cpu-rt-period': refused('there is no real-time scheduling of groups here'),
  'cpu-rt-runtime': refused('there is no real-time scheduling of groups here'),
  'data-root': option('data-dir', text),
  debug: { kind: 'setting', read: (value) => (flag(value) ? { options: { 'log-level': 'debug' } } : {}) },
  'default-address-pools': setting((value) => {
    if (!Array.isArray(value) || value.length === 0) throw new WrongForm('it must be a list of {"base": "192.0.2.0/16", "size": 24}');
    return { addressPools: value.map(addressPool) };
  }),
  'default-cgroupns-mode': setting((value) => (oneOf('private', 'host')(value) === 'host' ? { defaults: { cgroupNamespace: 'host' } } : {})),
  'default-gateway': refused("the gateway of the default network is the bridge's own address: choose it with bip"),
  'default-gateway-v6': refused(NO_IPV6),
  'default-ipc-mode': setting((value) => ({ defaults: { ipcMode: oneOf('private', 'shareable')(value) } })),
  'default-network-opts': refused('options are given when a network is created'),
  'default-runtime': setting((value) => ({ defaultRuntime: text(value) })),
  'default-shm-size': setting((value) => ({ defaults: { shmSize_bytes: bytes(value) } })),
  'default-ulimits': setting((value) => ({ defaults: { ulimits: ulimitsOf(value) } })),
  dns: setting((value) => ({ defaults: { dns: { servers: addresses(value) } } })),
  'dns-opts': setting((value) => ({ defaults: { dns: { options: texts(value) } } })),
  'dns-search': setting((value) => ({ defaults: { dns: { search: texts(value) } } })),
  'exec-opts': fixed([[], ['native.cgroupdriver=cgroupfs']], 'groups are made without systemd: native.cgroupdriver=cgroupfs'),
  'exec-root': option('run-dir', text),
  experimental: fixed([false], 'there are no experimental features here'),
  features: { kind: 'setting', read: features },
  'firewall-backend': fixed(['nftables'], 'the rules are nftables'),
  'fixed-cidr': refused('containers get addresses of the whole default network: choose it with bip'),
  'fixed-cidr-v6': refused(NO_IPV6),
  graph: refused('it is called data-root'),
  group: setting((value) => ({ groupName: text(value) })),
  'host-gateway-ip': refused("host-gateway is the gateway of the container's own network"),
  'host-gateway-ips': refused("host-gateway is the gateway of the container's own network"),
  hosts: option('host', (value) => texts(value).join(',')),
  icc: setting((value) => (flag(value) ? {} : { bridge: { options: { 'com.docker.network.bridge.enable_icc': 'false' } } })),
  init: setting((value) => ({ defaults: { init: flag(value) } })),
  'init-path': refused('the init is the first of catatonit, tini and docker-init that is installed'),
  'insecure-registries': setting((value) => ({ registries: { insecure: insecureOf(value), mirrors: [] } })),
  ip: setting((value) => (address(value) === '0.0.0.0' ? {} : { defaults: { publishAddress: address(value) } })),
  'ip-forward': fixed([true], 'without it no packet reaches a container'),
  'ip-forward-no-drop': fixed([true], "the machine's own FORWARD policy is never touched"),
  'ip-masq': fixed([true], 'a network is created without it by --opt com.docker.network.bridge.enable_ip_masquerade=false'),
  ip6tables: fixed([true], OWN_RULES),
  iptables: fixed([true], OWN_RULES),
  ipv6: fixed([false], NO_IPV6),
  labels: setting((value) => ({ labels: texts(value).map(labelOf) })),
  'live-restore': fixed([true], 'containers always outlive the daemon here; "gantry down" ends them'),
  'log-driver': setting((value, all) => ({ defaults: { log: logOf(value, all['log-opts']) } })),
  'log-format': fixed(['json'], "the daemon's log is one JSON object a line"),
  'log-level': option('log-level', oneOf('debug', 'info', 'warn', 'error')),
  'log-opts': setting((value, all) => ({ defaults: { log: logOf(all['log-driver'], value) } })),
  'max-concurrent-downloads': setting((value) => ({ remote: { downloadsMax: whole(1)(value) } })),
  'max-concurrent-uploads': setting((value) => ({ remote: { uploadsMax: whole(1)(value) } })),
  'max-download-attempts': setting((value) => ({ remote: { attemptsMax: whole(1)(value) } })),
  'metrics-addr': refused('the engine serves no metrics'),
  mtu: setting((value) => ({ bridge: { options: { 'com.docker.network.driver.mtu': String(whole(68)(value)) } } })),
  'network-control-plane-mtu': refused(NO_SWARM),
  'no-new-privileges': setting((value) => ({ defaults: { noNewPrivileges: flag(value) } })),
  'node-generic-resources': refused(NO_SWARM),
  'oom-score-adjust': refused("set it in the service's unit (OOMScoreAdjust=)"),
  pidfile: refused('"gantry status -o json" tells the process id'),
  proxies: { kind: 'setting', read: proxies },
  'raw-logs': warned("the daemon's log has no colours"),
  'registry-mirrors': setting((value) => ({ registries: { insecure: [], mirrors: mirrorsOf(value) } })),
  runtimes: setting((value) => ({ runtimes: runtimesOf(value) })),
  'seccomp-profile': setting((value) => ({ seccompProfile: text(value) })),
  'selinux-enabled': fixed([false], 'there are no SELinux labels here'),
  'shutdown-timeout': setting((value) => ({ shutdownTimeout_seconds: whole(0)(value) })),
  'storage-driver': fixed(['overlay2'], 'images are overlay mounts (overlay2)'),
  'storage-opts': warned('overlay mounts have nothing to choose here'),
  'swarm-default-advertise-addr': refused(NO_SWARM),
  tls: option('tls', (value) => String(flag(value))),
  tlscacert: option('tlscacert', text),
  tlscert: option('tlscert', text),
  tlskey: option('tlskey', text),
  tlsverify: option('tlsverify', (value) => String(flag(value))),
  'userland-proxy': fixed([false], 'published ports are rules of the kernel, there is no proxy on their way'),
  'userland-proxy-path': refused('there is no proxy on the way of published ports'),
  'userns-remap': refused("containers stand in the machine's user namespace"),
};

const PROXY_KEYS: readonly OptionName[] = ['http-proxy', 'https-proxy', 'no-proxy'];

function proxies(value: unknown): Meaning {
  const entries = Object.entries(mapping(value)).map(([key, item]) => {
    const name = PROXY_KEYS.find((known) => known === key);
    if (name === undefined) throw new WrongForm(`it has ${PROXY_KEYS.join(', ')}, and no "${key}"`);
    if (typeof item !== 'string') throw new WrongForm(`${key} must be a text`);
    return [name, item];
  });
  return { options: Object.fromEntries(entries) };
}

const FEATURES: Readonly<Record<string, string>> = {
  buildkit: 'images are built by Gantry itself, in the classic way of the API',
  'containerd-snapshotter': "images are kept in Gantry's own store",
  cdi: 'devices are given by their paths',
};

/** Switched on, they are said to be not here; switched off, that is so anyway. */
function features(value: unknown): Meaning {
  const warnings = Object.entries(mapping(value)).flatMap(([name, wanted]) => {
    const why = FEATURES[name];
    if (why === undefined) throw new WrongForm(`there is no feature "${name}" here`);
    return flag(wanted) ? [`features.${name} is not done here: ${why}`] : [];
  });
  return { warnings };
}

function labelOf(label: string): string {
  if (!/^[^=]+=/.test(label)) throw new WrongForm(`"${label}" must be NAME=VALUE`);
  return label;
}
