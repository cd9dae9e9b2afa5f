import { type BlockIoLimits, type Container, MASKED_PATHS, READONLY_PATHS } from '#engine';
import { networkModeText } from './endpoint-view.ts';
import { bindsView, mountObjects, tmpfsView } from './mounts-view.ts';

const DEFAULT_SHM_BYTES = 64 * 2 ** 20;

/** HostConfig of an inspection: the spec told back in Docker's words. */
export function hostConfigView(container: Container): object {
  const { spec } = container;
  const { resources = {}, security = {} } = spec;
  const mounts = spec.mounts ?? [];
  return {
    Binds: bindsView(mounts),
    ...(mountObjects(mounts) === undefined ? {} : { Mounts: mountObjects(mounts) }),
    ContainerIDFile: '',
    LogConfig: { Type: spec.log?.driver ?? 'json-file', Config: spec.log?.options ?? {} },
    NetworkMode: networkModeText(container),
    PortBindings: portBindingsView(container),
    RestartPolicy: { Name: spec.restart?.name ?? 'no', MaximumRetryCount: spec.restart?.maximumRetries ?? 0 },
    AutoRemove: spec.autoRemove ?? false,
    VolumeDriver: '',
    VolumesFrom: spec.volumesFrom?.map(({ container: name, readOnly }) => (readOnly ? `${name}:ro` : name)) ?? null,
    ConsoleSize: [0, 0],
    ...(spec.annotations === undefined ? {} : { Annotations: spec.annotations }),
    CapAdd: security.capabilitiesAdd ?? null,
    CapDrop: security.capabilitiesDrop ?? null,
    CgroupnsMode: spec.namespaces?.cgroup ?? (security.privileged ? 'host' : 'private'),
    Dns: spec.dns?.servers ?? [],
    DnsOptions: spec.dns?.options ?? [],
    DnsSearch: spec.dns?.search ?? [],
    ExtraHosts: spec.extraHosts ?? null,
    GroupAdd: spec.groups ?? null,
    IpcMode: spec.namespaces?.ipc ?? 'private',
    Cgroup: '',
    Links: spec.links?.map(({ container: other, alias }) => `/${other}:/${container.name}/${alias}`) ?? null,
    OomScoreAdj: resources.oomScoreAdjust ?? 0,
    PidMode: spec.namespaces?.pid ?? '',
    Privileged: security.privileged ?? false,
    PublishAllPorts: spec.publishAll ?? false,
    ReadonlyRootfs: spec.readOnlyRoot ?? false,
    SecurityOpt: securityOpt(security),
    Tmpfs: tmpfsView(mounts),
    UTSMode: spec.namespaces?.uts ?? '',
    UsernsMode: spec.namespaces?.user ?? '',
    ShmSize: spec.shmSize_bytes ?? DEFAULT_SHM_BYTES,
    ...(spec.sysctls === undefined ? {} : { Sysctls: spec.sysctls }),
    ...(spec.umask === undefined ? {} : { Umask: spec.umask }),
    Runtime: spec.runtime ?? 'crun',
    Isolation: '',
    ...resourcesView(container),
    ...(spec.init === undefined ? {} : { Init: spec.init }),
    MaskedPaths: security.maskedPaths ?? (security.privileged ? null : MASKED_PATHS),
    ReadonlyPaths: security.readOnlyPaths ?? (security.privileged ? null : READONLY_PATHS),
  };
}

function resourcesView(container: Container): object {
  const { resources = {} } = container.spec;
  return {
    CpuShares: resources.cpuShares ?? 0,
    Memory: resources.memory_bytes ?? 0,
    // A quota for a tenth of a second is how --cpus arrives.
    NanoCpus: resources.cpuPeriod_us === 100_000 && resources.cpuQuota_us !== undefined ? resources.cpuQuota_us * 10_000 : 0,
    CgroupParent: '',
    ...blockIoView(resources.blockIo),
    CpuPeriod: resources.cpuPeriod_us === 100_000 ? 0 : (resources.cpuPeriod_us ?? 0),
    CpuQuota: resources.cpuPeriod_us === 100_000 ? 0 : (resources.cpuQuota_us ?? 0),
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus ?? '',
    CpusetMems: resources.cpusetMems ?? '',
    Devices: (container.spec.devices ?? []).map(({ source, target, access }) => ({ PathOnHost: source, PathInContainer: target, CgroupPermissions: access })),
    DeviceCgroupRules: container.spec.deviceRules ?? null,
    DeviceRequests: null,
    KernelMemory: 0,
    KernelMemoryTCP: 0,
    MemoryReservation: resources.memoryReservation_bytes ?? 0,
    MemorySwap: resources.memorySwap_bytes ?? (resources.memory_bytes === undefined ? 0 : resources.memory_bytes * 2),
    MemorySwappiness: resources.swappiness ?? null,
    OomKillDisable: resources.oomKillDisable ?? null,
    PidsLimit: resources.pids ?? null,
    Ulimits: resources.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) ?? [],
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

function blockIoView({ weight, weightDevices = [], throttles = [] }: BlockIoLimits = {}): object {
  const rates = (kind: string) => {
    const own = throttles.filter((throttle) => throttle.kind === kind).map(({ path, rate }) => ({ Path: path, Rate: rate }));
    return own.length === 0 ? null : own;
  };
  return {
    BlkioWeight: weight ?? 0,
    BlkioWeightDevice: weightDevices.map((device) => ({ Path: device.path, Weight: device.weight })),
    BlkioDeviceReadBps: rates('read-bps'),
    BlkioDeviceWriteBps: rates('write-bps'),
    BlkioDeviceReadIOps: rates('read-iops'),
    BlkioDeviceWriteIOps: rates('write-iops'),
  };
}

function portBindingsView(container: Container): object {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of container.spec.publish ?? []) {
    const key = `${port.containerPort}/${port.protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: port.hostAddress ?? '', HostPort: port.hostPort === undefined ? '' : String(port.hostPort) }];
  }
  return bindings;
}

function securityOpt(security: NonNullable<Container['spec']['security']>): readonly string[] | null {
  const options = [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(security.seccomp && security.seccomp !== 'default' ? [`seccomp=${security.seccomp}`] : []),
  ];
  return options.length === 0 ? null : options;
}
