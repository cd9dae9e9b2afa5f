import type { Readable } from 'node:stream';
import type { LogLine, LogQuery, ProcessStreams, TerminalSize } from '#kit';
import type { Digest, HealthConfig, Layer } from '#image';
import type { Cidr, IpAddress, Protocol } from '#network';

export type ContainerId = string & { readonly __brand: 'ContainerId' };

/** Whose container it is. Each interface shows and removes only its own. */
export type Owner =
  | { readonly kind: 'docker' }
  | { readonly kind: 'build'; readonly id: string }
  | { readonly kind: 'pod'; readonly uid: string; readonly namespace: string; readonly name: string; readonly container: string; readonly attempt: number };

/** What the user asked for, merged with the image's own configuration at create. Never changes after, but for name and limits. */
export interface ContainerSpec {
  readonly owner: Owner;
  /** Chosen (`adjective_noun`) when left out. */
  readonly name?: string;
  /** As the user wrote it. */
  readonly image: string;
  /** Left out: the image's. `[]`: none. */
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** `NAME=value`; a bare `NAME` removes the image's. */
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  /** `user[:group]`, names from the image's passwd or numbers. */
  readonly user?: string;
  /** Further group ids. */
  readonly groups?: readonly string[];
  readonly hostname?: string;
  readonly domainName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  /** Keep standard input open; `once` closes it after the first client leaves. */
  readonly openStdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly stopSignal?: string;
  readonly stopTimeout_seconds?: number;
  readonly healthcheck?: HealthConfig;
  readonly mounts?: readonly MountSpec[];
  /** Containers whose volumes and bind mounts this one gets too. */
  readonly volumesFrom?: readonly { readonly container: string; readonly readOnly: boolean }[];
  readonly readOnlyRoot?: boolean;
  readonly network: NetworkMode;
  readonly publish?: readonly PublishSpec[];
  readonly publishAll?: boolean;
  readonly exposed?: readonly string[];
  /** Containers on the default network whose addresses and ports this one is told. */
  readonly links?: readonly LinkSpec[];
  /** `name:address` lines for /etc/hosts; `host-gateway` stands for the bridge's gateway. */
  readonly extraHosts?: readonly string[];
  readonly dns?: { readonly servers?: readonly IpAddress[]; readonly search?: readonly string[]; readonly options?: readonly string[] };
  readonly restart?: RestartPolicy;
  readonly autoRemove?: boolean;
  readonly resources?: ResourceLimits;
  readonly security?: SecurityOptions;
  readonly init?: boolean;
  /** Left out: all are the container's own. */
  readonly namespaces?: NamespaceChoices;
  readonly devices?: readonly DeviceSpec[];
  /** `c 10:229 rwm`, as the kernel's device controller reads them. */
  readonly deviceRules?: readonly string[];
  readonly shmSize_bytes?: number;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Left out: one file without bounds. */
  readonly log?: LogSpec;
  /** Log file of this container; under the data dir when left out. Written by conmon in the Kubernetes (CRI) format. */
  readonly logPath?: string;
}

/** Namespaces shared with the machine or with another container. */
export interface NamespaceChoices {
  readonly pid?: 'host' | `container:${string}`;
  /** `none`: no shared memory at all; `shareable`: others may join it; left out: `private`. */
  readonly ipc?: 'none' | 'private' | 'shareable' | 'host' | `container:${string}`;
  readonly uts?: 'host';
  readonly cgroup?: 'private' | 'host';
  /** There are no others: containers stand in the machine's. */
  readonly user?: 'host';
}
export interface DeviceSpec {
  /** A device node of the machine, or a folder of them. */
  readonly source: string;
  readonly target: string;
  /** Of `r`, `w` and `m`. */
  readonly access: string;
}

/** Docker's logging drivers that keep the log here, or none; the options as the user gave them (`max-size`, `max-file`, …). */
export interface LogSpec {
  readonly driver: 'json-file' | 'local' | 'none';
  readonly options?: Readonly<Record<string, string>>;
}

export type MountSpec = (
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation?: string;
      /** A source that is not there becomes an empty folder; else it is refused. */
      readonly makeSource?: boolean;
      readonly recursion?: MountRecursion;
    }
  /** No source: an anonymous volume is made. */
  | {
      readonly type: 'volume';
      readonly source?: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly noCopy?: boolean;
      /** A folder inside of the volume, which must be there at start. */
      readonly subpath?: string;
      /** Of a volume that is made. */
      readonly labels?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly options?: string }
  /** The files of an image, to read. */
  | { readonly type: 'image'; readonly source: string; readonly target: string; readonly subpath?: string }
) & {
  /** How an interface that knows several forms was told. */
  readonly form?: 'mount';
};
/** Left out: mounts below the source come along, and are read-only where it is. `none`: they don't; `read-only-top`: they stay writable. */
export type MountRecursion = 'none' | 'read-only-top' | 'read-only-all';

export type NetworkMode =
  | { readonly kind: 'none' }
  | { readonly kind: 'host' }
  /** The engine's own networks, by name; `bridge` is the default one. */
  | { readonly kind: 'networks'; readonly endpoints: Readonly<Record<string, EndpointSpec>> }
  /** Shares another container's. */
  | { readonly kind: 'container'; readonly id: string }
  /** A namespace somebody else made (a Pod's). resolv.conf and hosts are then bind-mounted from the given files. */
  | { readonly kind: 'namespace'; readonly path: string; readonly resolvConf?: string; readonly hosts?: string };

export interface EndpointSpec {
  readonly aliases?: readonly string[];
  readonly address?: IpAddress;
  readonly macAddress?: string;
  /** Other containers by names that are known to this one only. */
  readonly links?: readonly LinkSpec[];
}
export interface LinkSpec {
  readonly container: string;
  readonly alias: string;
}
export interface PublishSpec {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly hostAddress?: IpAddress;
  /** 0 or absent: one is chosen. */
  readonly hostPort?: number;
}
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maximumRetries?: number;
}
export interface ResourceLimits {
  readonly memory_bytes?: number;
  readonly memorySwap_bytes?: number;
  readonly memoryReservation_bytes?: number;
  readonly cpuQuota_us?: number;
  readonly cpuPeriod_us?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pids?: number;
  readonly oomScoreAdjust?: number;
  /** A process that wants more memory than there is waits until there is some. */
  readonly oomKillDisable?: boolean;
  /** 0 to 100. */
  readonly swappiness?: number;
  readonly blockIo?: BlockIoLimits;
  /** Of the writable layer, in the user's words. */
  readonly storageSize?: string;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}
export interface BlockIoLimits {
  /** 10 to 1000. */
  readonly weight?: number;
  readonly weightDevices?: readonly { readonly path: string; readonly weight: number }[];
  /** Bytes or operations a second. */
  readonly throttles?: readonly { readonly kind: 'read-bps' | 'write-bps' | 'read-iops' | 'write-iops'; readonly path: string; readonly rate: number }[];
}
export interface SecurityOptions {
  readonly privileged?: boolean;
  readonly capabilitiesAdd?: readonly string[];
  readonly capabilitiesDrop?: readonly string[];
  readonly noNewPrivileges?: boolean;
  /** `default`, `unconfined` or a profile in Docker's JSON. */
  readonly seccomp?: string;
  readonly maskedPaths?: readonly string[];
  readonly readOnlyPaths?: readonly string[];
}

/** The states of a container. */
export type ContainerState =
  | { readonly status: 'created' }
  | { readonly status: 'running'; readonly pid: number; readonly startedAt_ms: number }
  | { readonly status: 'paused'; readonly pid: number; readonly startedAt_ms: number }
  /** Between two runs under a restart policy. */
  | { readonly status: 'restarting'; readonly exit: ExitState }
  | { readonly status: 'exited'; readonly exit: ExitState }
  | { readonly status: 'removing' }
  | { readonly status: 'dead'; readonly reason: string };
export interface ExitState {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Of the latest run that began; 0 when none ever did. */
  readonly startedAt_ms: number;
  readonly finishedAt_ms: number;
  /** Why it could not start, if it could not. */
  readonly error?: string;
}
export interface HealthState {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  readonly log: readonly { readonly start_ms: number; readonly end_ms: number; readonly exitCode: number; readonly output: string }[];
}

/** A container as it is now: a snapshot, never changed in place. */
export interface Container {
  readonly id: ContainerId;
  readonly name: string;
  readonly spec: ContainerSpec;
  readonly imageId: Digest;
  readonly created_ms: number;
  readonly state: ContainerState;
  readonly health?: HealthState;
  readonly restartCount: number;
  /** After the image's and the user's parts were merged: what runs. */
  readonly process: {
    readonly path: string;
    readonly args: readonly string[];
    readonly environment: readonly string[];
    readonly workingDirectory: string;
    readonly user: string;
  };
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly ports: readonly { readonly containerPort: number; readonly protocol: Protocol; readonly hostAddress?: IpAddress; readonly hostPort?: number }[];
  readonly mounts: readonly {
    readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
    readonly name?: string;
    readonly source: string;
    readonly target: string;
    readonly readOnly: boolean;
    readonly propagation?: string;
    readonly recursion?: MountRecursion;
    readonly subpath?: string;
    readonly imageId?: Digest;
  }[];
  readonly logPath: string;
  /** The name it knows itself by. */
  readonly hostname?: string;
  /** Pinned network namespace; absent for `host`. */
  readonly networkNamespace?: string;
  readonly hostnamePath?: string;
  readonly hostsPath?: string;
  readonly resolvConfPath?: string;
  /** Things the user asked for that the machine could only give in part. */
  readonly warnings: readonly string[];
}
export interface Endpoint {
  readonly networkId: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly gateway: IpAddress;
  readonly macAddress: string;
  readonly aliases: readonly string[];
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly size?: TerminalSize;
}
export interface ContainerStats {
  readonly read_ms: number;
  readonly cpu_total_ns: number;
  readonly cpu_user_ns: number;
  readonly cpu_system_ns: number;
  /** CPU time of the whole machine at the same moment. */
  readonly system_cpu_ns: number;
  readonly online_cpus: number;
  readonly memory_working_set_bytes: number;
  readonly memory_usage_bytes: number;
  readonly memory_limit_bytes: number;
  readonly memory_stat: Readonly<Record<string, number>>;
  readonly pids: number;
  readonly pids_limit?: number;
  readonly networks: Readonly<
    Record<string, { readonly rx_bytes: number; readonly rx_packets: number; readonly tx_bytes: number; readonly tx_packets: number }>
  >;
}

export interface EngineNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly subnet?: Cidr;
  readonly gateway?: IpAddress;
  readonly bridge?: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly created_ms: number;
}
export interface Volume {
  readonly name: string;
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  readonly created_ms: number;
}
/** What happened, in the words of Docker's events. */
export interface EngineEvent {
  readonly type: 'container' | 'network' | 'volume' | 'image';
  readonly action: string;
  readonly id: string;
  readonly owner?: Owner;
  readonly attributes: Readonly<Record<string, string>>;
  readonly time_ns: bigint;
}

/**
 * Containers, networks and volumes. Every method that takes `ref` takes a name, an id or the beginning of one, and
 * rejects with `CONTAINER_UNKNOWN` (404) when nothing fits.
 */
export interface Engine {
  start(): Promise<void>;
  /** Lets go; containers keep running. */
  stop(): Promise<void>;
  /** Ends every container and takes mounts, cgroups and network off the machine (`gantry down`); the data stays. Needs no `start`. */
  tearDown(): Promise<void>;

  readonly containers: Containers;
  readonly execs: Execs;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly events: Events;
}

export interface Containers {
  create(spec: ContainerSpec): Promise<Container>;
  start(ref: string): Promise<void>;
  /** The stop signal, then SIGKILL after the timeout. Stopping what is not running is fine. */
  stop(ref: string, options?: { readonly timeout_seconds?: number; readonly signal?: string }): Promise<void>;
  restart(ref: string, options?: { readonly timeout_seconds?: number; readonly signal?: string }): Promise<void>;
  /** Errors: `CONTAINER_NOT_RUNNING` (409). */
  kill(ref: string, signal?: string): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  rename(ref: string, name: string): Promise<void>;
  update(ref: string, change: { readonly resources?: ResourceLimits; readonly restart?: RestartPolicy }): Promise<void>;
  remove(ref: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** Registered before it returns its promise, so a wait asked for before start misses nothing. */
  wait(ref: string, condition: 'not-running' | 'next-exit' | 'removed', signal?: AbortSignal): Promise<{ readonly exitCode: number; readonly error?: string }>;
  get(ref: string): Container;
  list(filter?: (container: Container) => boolean): readonly Container[];
  logs(ref: string, query: LogQuery): AsyncIterable<LogLine>;
  /** Live streams of the main process; may be asked for before start. */
  attach(ref: string, options: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }): Promise<ProcessStreams>;
  resize(ref: string, size: TerminalSize): Promise<void>;
  stats(ref: string): Promise<ContainerStats>;
  top(ref: string, psArguments: string): Promise<{ readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] }>;
  changes(ref: string): Promise<readonly { readonly path: string; readonly kind: 'modified' | 'added' | 'deleted' }[]>;
  /** The container's file system as a layer (build and commit). */
  commitLayer(ref: string): Promise<Layer>;
  /** Bytes of the writable layer. */
  size(ref: string): Promise<number>;
  exportTar(ref: string): Promise<Readable>;
  /** `docker cp`: never leaves the container's root, whatever its links say. */
  readArchive(ref: string, path: string): Promise<{ readonly stat: PathStat; readonly tar: Readable }>;
  statPath(ref: string, path: string): Promise<PathStat>;
  writeArchive(ref: string, path: string, tar: Readable, options: { readonly noOverwriteDirNonDir: boolean; readonly copyUidGid: boolean }): Promise<void>;
}
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode, as the X-Docker-Container-Path-Stat header carries it. */
  readonly mode: number;
  readonly modified_ms: number;
  readonly linkTarget: string;
}

export interface Execs {
  create(ref: string, spec: ExecSpec): Promise<string>;
  start(execId: string): Promise<ProcessStreams>;
  resize(execId: string, size: TerminalSize): Promise<void>;
  get(execId: string): Exec;
}
export interface Exec {
  readonly id: string;
  readonly containerId: ContainerId;
  readonly spec: ExecSpec;
  readonly running: boolean;
  readonly exitCode?: number;
  readonly pid?: number;
}

export interface Networks {
  create(spec: {
    readonly name: string;
    readonly subnet?: Cidr;
    readonly gateway?: IpAddress;
    readonly internal?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly options?: Readonly<Record<string, string>>;
  }): Promise<EngineNetwork>;
  get(ref: string): EngineNetwork;
  list(): readonly EngineNetwork[];
  remove(ref: string): Promise<void>;
  connect(network: string, container: string, endpoint: EndpointSpec): Promise<void>;
  disconnect(network: string, container: string, force: boolean): Promise<void>;
}
export interface Volumes {
  create(spec: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }): Promise<Volume>;
  get(name: string): Volume;
  list(): readonly Volume[];
  /** Errors: `VOLUME_IN_USE` (409). */
  remove(name: string, force: boolean): Promise<void>;
}
export interface Events {
  /** Calls for each event from now on. */
  subscribe(listener: (event: EngineEvent) => void): Disposable;
  /** The latest events that are still remembered. */
  recent(): readonly EngineEvent[];
}
