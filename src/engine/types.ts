import type { Readable } from 'node:stream';
import type { LogLine, LogQuery, ProcessStreams, TerminalSize } from '#kit';
import type { Digest, Layer } from '#image';
import type { Cidr, IpAddress, Protocol } from '#network';
import type { Pool, PoolSpec } from './network-addresses.ts';
import type { ContainerSpec, EndpointSpec, MountRecursion, Owner, PublishSpec, ResourceLimits, RestartPolicy } from './container-spec.ts';

export type * from './container-spec.ts';
export type { Pool, PoolSpec } from './network-addresses.ts';

export type ContainerId = string & { readonly __brand: 'ContainerId' };

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
  /** Somebody stopped it: no policy starts it again until it is started by hand. */
  readonly stopRequested?: boolean;
  /** After the image's and the user's parts were merged: what runs. */
  readonly process: {
    readonly path: string;
    readonly args: readonly string[];
    readonly environment: readonly string[];
    readonly workingDirectory: string;
    readonly user: string;
  };
  /** The image's SHELL: what its health checks in words run by. */
  readonly shell?: readonly string[];
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly ports: readonly {
    readonly containerPort: number;
    readonly protocol: Protocol;
    readonly hostAddress?: IpAddress;
    readonly hostPort?: number;
    /** On 0.0.0.0, and on `::` to the container's IPv6 address. */
    readonly ipv6?: boolean;
  }[];
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
    /** What else its volume is mounted with: `noexec` and its like, which the runtime would take away again. */
    readonly restrictions?: readonly string[];
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
  readonly ipv6?: { readonly address: IpAddress; readonly prefixLength: number; readonly gateway: IpAddress };
  /** The network with the highest has the default route. */
  readonly gwPriority?: number;
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
  readonly networks: Readonly<Record<string, LinkCounters>>;
  readonly cpu_throttling: { readonly periods: number; readonly throttled_periods: number; readonly throttled_ns: number };
  readonly io: readonly {
    readonly major: number;
    readonly minor: number;
    readonly operation: 'read' | 'write';
    readonly bytes: number;
    readonly count: number;
  }[];
  readonly memory_max_usage_bytes: number;
  /** Control groups of version 1 alone. */
  readonly cpu_by_processor_ns?: readonly number[];
  readonly memory_fails?: number;
}
/** A link's counters in the kernel's words (proc_net(5), /proc/net/dev). */
export interface LinkCounters {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

export interface EngineNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'macvlan' | 'host' | 'null';
  readonly subnet?: Cidr;
  readonly gateway?: IpAddress;
  readonly range?: Cidr;
  readonly auxiliary?: Readonly<Record<string, IpAddress>>;
  readonly ipv6?: Pool;
  readonly bridge?: string;
  /** The link that a macvlan network stands on; one that is its own leads nowhere. */
  readonly parent?: { readonly name: string; readonly own?: boolean };
  readonly internal: boolean;
  /** As the user said; here every container may join every network. */
  readonly attachable?: boolean;
  /** Only settings for other networks: nobody joins it. */
  readonly configOnly?: { readonly pools: readonly PoolSpec[]; readonly ipv6: boolean };
  /** The network whose settings it has. */
  readonly configFrom?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly created_ms: number;
}
export interface NetworkSpec {
  readonly name: string;
  /** `bridge` when left out. */
  readonly driver?: 'bridge' | 'macvlan';
  readonly pools?: readonly PoolSpec[];
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}
export interface Volume {
  readonly name: string;
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  readonly created_ms: number;
  /** Of the local driver: what is mounted there while it is used. */
  readonly options?: Readonly<Record<string, string>>;
}
export interface VolumeSpec {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
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

/** What may be changed of a container without a restart. */
export interface ContainerChange {
  readonly resources?: ResourceLimits;
  readonly restart?: RestartPolicy;
  /** In place of all that was asked for before. */
  readonly publish?: readonly PublishSpec[];
  /** What was published when `publish` was made up: another edit that came in between is not lost. */
  readonly publishWas?: readonly PublishSpec[];
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
  /** Changes what is given, on record and at once where it runs. `publish` is the whole set. Errors: `PORT_IN_USE`, `PORTS_CHANGED`; then nothing is changed. */
  update(ref: string, change: ContainerChange): Promise<void>;
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
  /** What the container's processes wrote, as a layer (build and commit); times later than `latest_ms` become that. */
  commitLayer(ref: string, options?: { readonly latest_ms?: number }): Promise<Layer>;
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
  /** Ids of those of a container that have not ended. */
  list(containerId: string): readonly string[];
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
  create(spec: NetworkSpec): Promise<EngineNetwork>;
  get(ref: string): EngineNetwork;
  list(): readonly EngineNetwork[];
  remove(ref: string): Promise<void>;
  connect(network: string, container: string, endpoint: EndpointSpec): Promise<void>;
  disconnect(network: string, container: string, force: boolean): Promise<void>;
}
export interface Volumes {
  /** One of that name is answered as it is. Errors: `VOLUME_OPTIONS_INVALID` (400), `VOLUME_DIFFERS` (409) where it has other options. */
  create(spec: VolumeSpec): Promise<Volume>;
  get(name: string): Volume;
  list(): readonly Volume[];
  /** Bytes of its files; -1 where they are somebody else's, as its options say. */
  size(name: string): Promise<number>;
  /** Errors: `VOLUME_IN_USE` (409). */
  remove(name: string, force: boolean): Promise<void>;
}
export interface Events {
  /** Calls for each event from now on. */
  subscribe(listener: (event: EngineEvent) => void): Disposable;
  /** The latest events that are still remembered. */
  recent(): readonly EngineEvent[];
}
