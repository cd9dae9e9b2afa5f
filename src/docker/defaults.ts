import type { ContainerSpec, LogSpec, NamespaceChoices, ResourceLimits, SecurityOptions } from '#engine';
import { defined } from './json.ts';

/** What new containers get that say nothing of it themselves. */
export interface ContainerDefaults {
  readonly log?: LogSpec;
  readonly dns?: NonNullable<ContainerSpec['dns']>;
  readonly ulimits?: NonNullable<ResourceLimits['ulimits']>;
  readonly shmSize_bytes?: number;
  readonly init?: boolean;
  readonly noNewPrivileges?: boolean;
  /** `unconfined` or a profile in Docker's JSON. */
  readonly seccomp?: string;
  /** Where ports are published of containers on the default network, instead of everywhere. */
  readonly publishAddress?: string;
  readonly cgroupNamespace?: NonNullable<NamespaceChoices['cgroup']>;
  readonly ipcMode?: 'private' | 'shareable';
}

/** The specification with the defaults where it says nothing. Pure. */
export function withDefaults(spec: ContainerSpec, defaults: ContainerDefaults): ContainerSpec {
  return defined({
    ...spec,
    log: logOf(spec.log, defaults.log),
    dns: dnsOf(spec, defaults.dns),
    resources: resourcesOf(spec.resources, defaults),
    security: securityOf(spec.security, defaults),
    init: spec.init ?? defaults.init,
    shmSize_bytes: spec.shmSize_bytes ?? defaults.shmSize_bytes,
    publishAddress: spec.network.kind === 'networks' && 'bridge' in spec.network.endpoints ? defaults.publishAddress : undefined,
    namespaces: namespacesOf(spec, defaults),
  });
}

/** A container of the same driver gets the options that it does not set; one of another driver gets none. */
function logOf(own: LogSpec | undefined, fallback: LogSpec | undefined): LogSpec | undefined {
  if (own === undefined || fallback === undefined) return own ?? fallback;
  return own.driver === fallback.driver ? { ...own, options: { ...fallback.options, ...own.options } } : own;
}

/** Those that share another's names keep them. */
function dnsOf({ dns, network }: ContainerSpec, fallback: ContainerDefaults['dns']): ContainerSpec['dns'] {
  if (fallback === undefined || network.kind === 'container' || network.kind === 'namespace') return dns;
  const filled = (name: 'servers' | 'search' | 'options') => ((dns?.[name]?.length ?? 0) > 0 ? dns?.[name] : fallback[name]);
  return defined({ servers: filled('servers'), search: filled('search'), options: filled('options') });
}

function resourcesOf(own: ResourceLimits | undefined, { ulimits }: ContainerDefaults): ResourceLimits | undefined {
  if (ulimits === undefined) return own;
  const set = own?.ulimits ?? [];
  return { ...own, ulimits: [...set, ...ulimits.filter(({ name }) => !set.some((one) => one.name === name))] };
}

function securityOf(own: SecurityOptions | undefined, { noNewPrivileges, seccomp }: ContainerDefaults): SecurityOptions | undefined {
  if (noNewPrivileges === undefined && seccomp === undefined) return own;
  return defined({ ...own, noNewPrivileges: own?.noNewPrivileges ?? noNewPrivileges, seccomp: own?.seccomp ?? (own?.privileged ? undefined : seccomp) });
}

function namespacesOf({ namespaces }: ContainerSpec, { cgroupNamespace, ipcMode }: ContainerDefaults): NamespaceChoices | undefined {
  if (cgroupNamespace === undefined && ipcMode === undefined) return namespaces;
  return defined({ ...namespaces, cgroup: namespaces?.cgroup ?? cgroupNamespace, ipc: namespaces?.ipc ?? ipcMode });
}
