import { isDockers } from './find.ts';
import type { Call } from './http.ts';
import type { DockerInfo, Rooms } from './options.ts';
import { shaped } from './shapes.ts';

/** `GET /info`. */
export async function info(call: Call, rooms: Rooms): Promise<void> {
  const { info: machine } = rooms;
  const value = {
    ID: machine.id,
    ...containerCounts(rooms),
    Images: (await rooms.images.list()).length,
    Driver: 'overlay2',
    DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'macvlan', 'null'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    ...kernelFacts(machine),
    Debug: machine.debug,
    SystemTime: new Date(rooms.clock.now()).toISOString(),
    LoggingDriver: rooms.defaults?.log?.driver ?? 'json-file',
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(machine.registries),
    GenericResources: null,
    DockerRootDir: machine.dataDir,
    HttpProxy: withoutPassword(machine.proxies.http),
    HttpsProxy: withoutPassword(machine.proxies.https),
    NoProxy: machine.proxies.no ?? '',
    Name: machine.name,
    Labels: machine.labels,
    ExperimentalBuild: false,
    ServerVersion: machine.version,
    Runtimes: Object.fromEntries(
      machine.runtimes.map(({ name, path, args }) => [name, { path, ...(args.length === 0 ? {} : { runtimeArgs: args }), status: {} }]),
    ),
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    DefaultRuntime: machine.defaultRuntime,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    // Always so: containers outlive the daemon.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    SecurityOptions: call.minor < 25 ? ['seccomp'] : securityOptions(rooms),
    DefaultAddressPools: machine.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    Warnings: machine.warnings.length === 0 ? null : machine.warnings,
    ...OF_EARLIER_VERSIONS,
    CDISpecDirs: [],
    DiscoveredDevices: [],
    FirewallBackend: { Driver: 'nftables' },
  };
  call.json(200, shaped('info', value, call.minor));
}

/** What clients of earlier versions look for. */
const OF_EARLIER_VERSIONS = {
  ExecutionDriver: '<not supported>',
  ClusterStore: '',
  ClusterAdvertise: '',
  BridgeNfIptables: false,
  BridgeNfIp6tables: false,
  KernelMemory: false,
  KernelMemoryTCP: false,
};

function kernelFacts(machine: DockerInfo): object {
  return {
    MemoryLimit: true,
    SwapLimit: machine.swapLimit,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: machine.cgroupVersion === '1',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: machine.cgroupVersion,
    KernelVersion: machine.kernelVersion,
    OperatingSystem: machine.operatingSystem,
    OSType: 'linux',
    Architecture: machine.architecture === 'amd64' ? 'x86_64' : machine.architecture === 'arm64' ? 'aarch64' : machine.architecture,
    NCPU: machine.cpus,
    MemTotal: machine.memory_bytes,
  };
}

function containerCounts(rooms: Rooms): object {
  const containers = rooms.engine.containers.list(isDockers);
  const count = (...states: readonly string[]) => containers.filter((container) => states.includes(container.state.status)).length;
  return {
    Containers: containers.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
  };
}

/** Loopback goes without TLS, whatever is configured. */
function registryConfig({ insecure, insecureNetworks, mirrors }: DockerInfo['registries']): object {
  const index = (name: string, secure: boolean, own: readonly string[] = []) => [
    name,
    { Name: name, Mirrors: own, Secure: secure, Official: name === 'docker.io' },
  ];
  return {
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureNetworks],
    IndexConfigs: Object.fromEntries([index('docker.io', true, mirrors), ...insecure.map((name) => index(name, false))]),
    Mirrors: mirrors,
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
  };
}

function securityOptions({ info: machine, defaults }: Rooms): readonly string[] {
  return [
    `name=seccomp,profile=${machine.seccompProfile}`,
    ...(machine.cgroupNamespaces && defaults?.cgroupNamespace !== 'host' ? ['name=cgroupns'] : []),
    ...(defaults?.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

/** As Docker shows it. */
function withoutPassword(proxy = ''): string {
  if (!URL.canParse(proxy)) return proxy;
  const url = new URL(proxy);
  return url.username === '' && url.password === '' ? proxy : proxy.replace(/\/\/[^@]*@/, '//xxxxx:xxxxx@');
}
