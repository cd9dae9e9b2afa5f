import type { UnpackBounds } from '#image';
import type { RegistrySettings } from '#registry';
import { ConfigError } from './errors.ts';
import type { EtcdConfig } from './etcd-options.ts';
import type { HistoryConfig } from './history-options.ts';
import type { ServingConfig } from './serving-options.ts';
import type { AccessSettings } from './settings/access.ts';
import type { EngineSettings } from './settings/types.ts';

/** The parts of a daemon, all of them by default. */
export const PARTS = ['engine', 'registry', 'apiserver', 'controllers', 'scheduler', 'node', 'network'] as const;
export type PartName = (typeof PARTS)[number];

export const DEFAULT_DATA_DIR = '/var/lib/gantry';
export const DEFAULT_RUN_DIR = '/run/gantry';
/** Where programs are looked for when the environment does not say. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Everything a daemon is told; the data dir, the run dir, its sockets and the network namespace it stands in are all it is. */
export interface DaemonConfig {
  readonly dataDir: string;
  readonly runDir: string;
  readonly registry: HostPort;
  /** How the registry serves beyond the plain specification: the file of --registry-config. */
  readonly registrySettings: RegistrySettings;
  readonly api: HostPort;
  /** The file into which the cluster's entry is written. */
  readonly kubeconfig: string;
  /** Name of the entry. */
  readonly contextName: string;
  /** Where the Docker Engine API is served. */
  readonly dockerSocket: string;
  /** The entry that is written for Docker's client: the folder of its configuration, and the entry's name. */
  readonly dockerContext: { readonly folder: string; readonly name: string } | undefined;
  /** Addresses of this node's Pods. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Where the cluster's state is kept, when not in the data dir. */
  readonly etcd: EtcdConfig | undefined;
  readonly history: HistoryConfig;
  readonly serving: ServingConfig;
  /** How often autoscalers look at the load. */
  readonly autoscalerPeriod_ms: number;
  /** What the build cache may take on the disk. */
  readonly buildCacheMax_bytes: number;
  /** How much may come of an archive or layer. */
  readonly unpackBounds: Partial<UnpackBounds>;
  /** The API server of another daemon, for parts without one here. */
  readonly remote: { readonly kubeconfig: string; readonly server: string | undefined } | undefined;
  /** Where the system's programs are looked for, as PATH has it. */
  readonly programPath: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly parts: ReadonlySet<PartName>;
  /** Who may do what in the cluster. */
  readonly access: AccessSettings;
  /** How the engine serves, and what containers get by default. */
  readonly settings: EngineSettings;
}

/** Parts that make mounts, namespaces and links or unpack images, and so need root. */
export const ROOT_PARTS: readonly PartName[] = ['engine', 'registry', 'node', 'network'];

/** `--parts` as a set. Errors: `CONFIG_INVALID`, naming the part. */
export function parseParts(text: string): ReadonlySet<PartName> {
  const parts = new Set<PartName>();
  for (const name of text.split(',').map((item) => item.trim())) {
    const part = PARTS.find((known) => known === name);
    if (part === undefined) throw new ConfigError(`Cannot take part "${name}" in --parts: the parts are ${PARTS.join(', ')}`);
    parts.add(part);
  }
  return parts;
}

/** `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (loopback). Errors: `CONFIG_INVALID`, naming the option. */
export function parseHostPort(option: string, text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) throw new ConfigError(`Cannot take "${text}" for ${option}: it must be HOST:PORT, such as 127.0.0.1:6443`);
  return { host: match[1] ?? (match[2] === '' ? '127.0.0.1' : (match[2] ?? '')), port };
}

/** An IPv4 network such as 10.43.0.0/16. Errors: `CONFIG_INVALID`, naming the option. */
export function parseCidrOption(option: string, text: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5]);
  if (match === null || octets.some((octet) => octet > 255) || prefix < 8 || prefix > 24) {
    throw new ConfigError(`Cannot take "${text}" for ${option}: it must be an IPv4 network of /8 to /24, such as 10.43.0.0/16`);
  }
  return text;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const SHORTEST_MS = 100;
const LONGEST_MS = 3_600_000;

/** A time such as `500ms`, `15s` or `1m`, in milliseconds. Errors: `CONFIG_INVALID`, naming the option. */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d{1,7})(ms|s|m)$/.exec(text);
  const duration_ms = Number(match?.[1]) * (UNITS_MS[match?.[2] ?? ''] ?? Number.NaN);
  if (!(duration_ms >= SHORTEST_MS && duration_ms <= LONGEST_MS))
    throw new ConfigError(`Cannot take "${text}" for ${option}: it must be a time from 100ms to 60m, such as 15s`);
  return duration_ms;
}

/** A size such as `500m` or `20g`, in bytes; `0` keeps nothing. Errors: `CONFIG_INVALID`, naming the option. */
export function parseSize(option: string, text: string): number {
  const match = /^(\d{1,9})([kmgt]?)$/i.exec(text);
  if (!match) throw new ConfigError(`Cannot take "${text}" for ${option}: it must be a size, such as 500m or 20g`);
  return Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase());
}

/** Errors: `CONFIG_INVALID`. */
export function parseUnpackBounds(bytes: string | undefined, ratio: string | undefined): Partial<UnpackBounds> {
  if (ratio !== undefined && !/^[1-9]\d{0,8}$/.test(ratio))
    throw new ConfigError(`Cannot take "${ratio}" for --unpack-ratio-max: it must be a whole number of 1 or more, such as 100`);
  return {
    ...(bytes === undefined ? {} : { bytes_max: parseSize('--unpack-max', bytes) }),
    ...(ratio === undefined ? {} : { ratio_max: Number(ratio) }),
  };
}

/** Says what does not go together. Errors: `CONFIG_INVALID`. */
export function checkParts(parts: ReadonlySet<PartName>, hasRemote: boolean): void {
  const clients = (['controllers', 'scheduler', 'node', 'network'] as const).filter((part) => parts.has(part));
  if (hasRemote && parts.has('apiserver'))
    throw new ConfigError('Cannot take --client-kubeconfig or --server together with an API server of its own: leave apiserver out of --parts');
  if (!parts.has('apiserver') && !hasRemote && clients.length > 0)
    throw new ConfigError(
      `Cannot start ${clients.join(', ')} without an API server: add the part apiserver, or name another daemon's with --server URL --client-kubeconfig PATH`,
    );
  const lacking = (['engine', 'network'] as const).filter((part) => !parts.has(part));
  if (parts.has('node') && lacking.length > 0) throw new ConfigError(`Cannot start node without ${lacking.join(' and ')}: add to --parts`);
}
