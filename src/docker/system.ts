import { isDockers } from './find.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';
import { shaped } from './shapes.ts';
import { API_VERSION, API_VERSION_MIN } from './versions.ts';

export async function ping(call: Call): Promise<void> {
  call.response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': 2,
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Builder-Version': '1',
    Swarm: 'inactive',
  });
  call.response.end(call.request.method === 'HEAD' ? undefined : 'OK');
}

export async function version(call: Call, rooms: Rooms): Promise<void> {
  const { info } = rooms;
  const common = { ApiVersion: API_VERSION, MinAPIVersion: API_VERSION_MIN, Os: 'linux', Arch: info.architecture, KernelVersion: info.kernelVersion };
  const details = { ...common, Experimental: 'false' };
  call.json(200, {
    Platform: { Name: 'Gantry' },
    Components: [{ Name: 'Engine', Version: info.version, Details: details }],
    Version: info.version,
    GitCommit: '',
    GoVersion: '',
    Experimental: false,
    BuildTime: '',
    ...common,
  });
}

export async function info(call: Call, rooms: Rooms): Promise<void> {
  const { info: machine } = rooms;
  const containers = rooms.engine.containers.list(isDockers);
  const count = (...states: readonly string[]) => containers.filter((container) => states.includes(container.state.status)).length;
  const value = {
    ID: machine.id,
    Containers: containers.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
    Images: (await rooms.images.list()).length,
    Driver: 'overlay2',
    DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: false,
    Debug: false,
    SystemTime: new Date(rooms.clock.now()).toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: machine.cgroupVersion,
    KernelVersion: machine.kernelVersion,
    OperatingSystem: machine.operatingSystem,
    OSType: 'linux',
    Architecture: machine.architecture === 'amd64' ? 'x86_64' : machine.architecture === 'arm64' ? 'aarch64' : machine.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      IndexConfigs: {},
      InsecureRegistryCIDRs: [],
      Mirrors: [],
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
    },
    NCPU: machine.cpus,
    MemTotal: machine.memory_bytes,
    GenericResources: null,
    DockerRootDir: machine.dataDir,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: machine.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: machine.version,
    Runtimes: { [machine.runtime]: { path: machine.runtime, status: {} } },
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    DefaultRuntime: machine.runtime,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    SecurityOptions: call.minor < 25 ? ['seccomp'] : ['name=seccomp,profile=builtin'],
    Warnings: null,
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
