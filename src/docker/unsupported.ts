import { unsupported } from './errors.ts';
import { isEmpty, type JsonObject } from './json.ts';

/**
 * Every field of `POST /containers/create` that is refused when it asks for something, with the values that ask for nothing beside the empty ones.
 * Fields named here are never read elsewhere; fields named nowhere are refused too (`KNOWN_FIELDS`).
 */
export const UNSUPPORTED_FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  ArgsEscaped: [],
  NetworkDisabled: [],
  OnBuild: [],
  Shell: [],
  'HostConfig.Cgroup': [],
  'HostConfig.CgroupParent': [],
  'HostConfig.ContainerIDFile': [],
  'HostConfig.CpuCount': [],
  'HostConfig.CpuPercent': [],
  'HostConfig.CpuRealtimePeriod': [],
  'HostConfig.CpuRealtimeRuntime': [],
  'HostConfig.DeviceRequests': [],
  'HostConfig.IOMaximumBandwidth': [],
  'HostConfig.IOMaximumIOps': [],
  'HostConfig.Isolation': ['default'],
  'HostConfig.KernelMemoryTCP': [],
  'HostConfig.VolumeDriver': ['local'],
};

/** What the translation reads. */
const TRANSLATED_FIELDS = [
  'AttachStderr',
  'AttachStdin',
  'AttachStdout',
  'Cmd',
  'Domainname',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Healthcheck',
  'HostConfig',
  'Hostname',
  'Image',
  'Labels',
  'MacAddress',
  'NetworkingConfig',
  'OpenStdin',
  'StdinOnce',
  'StopSignal',
  'StopTimeout',
  'Tty',
  'User',
  'Volumes',
  'WorkingDir',
  'HostConfig.Annotations',
  'HostConfig.AutoRemove',
  'HostConfig.Binds',
  'HostConfig.BlkioWeight',
  'HostConfig.BlkioWeightDevice',
  'HostConfig.BlkioDeviceReadBps',
  'HostConfig.BlkioDeviceWriteBps',
  'HostConfig.BlkioDeviceReadIOps',
  'HostConfig.BlkioDeviceWriteIOps',
  'HostConfig.KernelMemory',
  'HostConfig.MemorySwappiness',
  'HostConfig.OomKillDisable',
  'HostConfig.StorageOpt',
  'HostConfig.CapAdd',
  'HostConfig.CapDrop',
  'HostConfig.CgroupnsMode',
  'HostConfig.ConsoleSize',
  'HostConfig.CpuPeriod',
  'HostConfig.CpuQuota',
  'HostConfig.CpuShares',
  'HostConfig.CpusetCpus',
  'HostConfig.CpusetMems',
  'HostConfig.DeviceCgroupRules',
  'HostConfig.Devices',
  'HostConfig.Dns',
  'HostConfig.DnsOptions',
  'HostConfig.DnsSearch',
  'HostConfig.ExtraHosts',
  'HostConfig.GroupAdd',
  'HostConfig.Init',
  'HostConfig.IpcMode',
  'HostConfig.Links',
  'HostConfig.LogConfig',
  'HostConfig.MaskedPaths',
  'HostConfig.Memory',
  'HostConfig.MemoryReservation',
  'HostConfig.MemorySwap',
  'HostConfig.Mounts',
  'HostConfig.NanoCpus',
  'HostConfig.NetworkMode',
  'HostConfig.OomScoreAdj',
  'HostConfig.PidMode',
  'HostConfig.PidsLimit',
  'HostConfig.PortBindings',
  'HostConfig.Privileged',
  'HostConfig.PublishAllPorts',
  'HostConfig.ReadonlyPaths',
  'HostConfig.ReadonlyRootfs',
  'HostConfig.RestartPolicy',
  'HostConfig.Runtime',
  'HostConfig.SecurityOpt',
  'HostConfig.ShmSize',
  'HostConfig.Sysctls',
  'HostConfig.Tmpfs',
  'HostConfig.UTSMode',
  'HostConfig.Umask',
  'HostConfig.Ulimits',
  'HostConfig.UsernsMode',
  'HostConfig.VolumesFrom',
] as const;
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(TRANSLATED_FIELDS);

/** Refuses, by name, every field that asks for something which is not translated. Errors: `UNSUPPORTED` (400). */
export function refuseUnsupported(body: JsonObject): void {
  check(body, '');
  const hostConfig = body['HostConfig'];
  if (typeof hostConfig === 'object' && hostConfig !== null && !Array.isArray(hostConfig)) check({ ...hostConfig }, 'HostConfig.');
}

function check(object: JsonObject, prefix: string): void {
  for (const [key, value] of Object.entries(object)) {
    const name = `${prefix}${key}`;
    if (KNOWN_FIELDS.has(name) || isEmpty(value)) continue;
    const harmless = UNSUPPORTED_FIELDS[name] ?? [];
    if (!harmless.some((other) => JSON.stringify(other) === JSON.stringify(value))) throw unsupported(`${name} (value ${JSON.stringify(value)})`);
  }
}
