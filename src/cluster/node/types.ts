import type { Duplex } from 'node:stream';
import type { ClusterClient, EventRecorder } from '#cluster/client';
import type { Clock, LogLine, Logger, LogQuery, ProcessStreams, Random } from '#kit';

/** What the node agent needs of whatever runs containers. The daemon fills it in with the engine; tests with a script. */
export interface ContainerRuntime {
  readonly name: string;
  readonly version: string;
  /** Makes the image be here as the policy says; `onPull` is called before a registry is asked. Errors: `ErrImagePull`, `ErrImageNeverPull`, `InvalidImageName` as `code`, with words. */
  ensureImage(
    reference: string,
    policy: 'Always' | 'IfNotPresent' | 'Never',
    signal: AbortSignal,
    onPull?: () => void,
  ): Promise<{ readonly imageId: string; readonly user?: string }>;
  createContainer(spec: RuntimeContainerSpec): Promise<string>;
  /** A run that can't begin rejects with words; it then shows as exited (128), with those words as its `message` and a `startedAt_ms` of 0, or as created. */
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after the grace period. */
  stopContainer(id: string, gracePeriod_seconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  /** Gives a running container other limits and shares at once. Rejects with words where the kernel refuses. */
  updateContainer(id: string, resources: Pick<RuntimeContainerSpec, 'limits' | 'requests'>): Promise<void>;
  /** All Pods' containers that exist, ended ones included. */
  listContainers(): Promise<readonly RuntimeContainer[]>;
  /** Called when a container started, ended or was removed. */
  onChange(listener: (podUid: string) => void): Disposable;
  exec(id: string, options: { readonly command: readonly string[]; readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  attach(id: string, options: { readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  logs(id: string, query: LogQuery): AsyncIterable<LogLine>;
  stats(id: string): Promise<{ readonly cpu_total_ns: number; readonly memory_working_set_bytes: number; readonly read_ms: number }>;
}
export interface RuntimeContainerSpec {
  readonly pod: { readonly uid: string; readonly namespace: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly container: string;
  /** Counts the runs of this container in this Pod from 0. */
  readonly attempt: number;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory?: string;
  readonly hostname: string;
  readonly networkNamespace?: string;
  readonly resolvConf: string;
  readonly hosts: string;
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly limits: { readonly memory_bytes?: number; readonly cpu_millicores?: number };
  readonly requests: { readonly memory_bytes?: number; readonly cpu_millicores?: number };
  readonly security: {
    readonly privileged?: boolean;
    readonly user?: string;
    readonly groups?: readonly number[];
    readonly capabilitiesAdd?: readonly string[];
    readonly capabilitiesDrop?: readonly string[];
    readonly readOnlyRoot?: boolean;
    readonly noNewPrivileges?: boolean;
    readonly seccomp?: 'default' | 'unconfined';
  };
}
export interface RuntimeContainer {
  readonly id: string;
  readonly podUid: string;
  readonly podNamespace: string;
  readonly podName: string;
  readonly container: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly created_ms: number;
  readonly state:
    | { readonly status: 'created' }
    | { readonly status: 'running'; readonly startedAt_ms: number }
    | {
        readonly status: 'exited';
        readonly exitCode: number;
        readonly oomKilled: boolean;
        readonly startedAt_ms: number;
        readonly finishedAt_ms: number;
        readonly message?: string;
      };
}

/** What the node agent needs of the wires. `cluster/network` is behind it. */
export interface PodNetwork {
  /** Makes the Pod's network namespace and connects it; the same answer when it is there already. */
  add(pod: { readonly uid: string; readonly namespace: string; readonly name: string }): Promise<{ readonly address: string; readonly namespacePath: string }>;
  remove(podUid: string): Promise<void>;
  status(podUid: string): Promise<{ readonly address: string; readonly namespacePath: string } | undefined>;
  list(): Promise<readonly string[]>;
  /** A connection to the port as seen from inside the Pod (its loopback too). */
  connect(podUid: string, port: number): Promise<Duplex>;
  /** How many connections the Pod's servers have, being served or yet to be. */
  servedConnections(podUid: string): Promise<number>;
  /** What a Pod's resolv.conf says. */
  readonly dns: { readonly servers: readonly string[]; readonly clusterDomain: string };
  /** host ports: publishes and takes back. */
  publish(
    podUid: string,
    ports: readonly { readonly hostPort: number; readonly hostAddress?: string; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' }[],
  ): Promise<void>;
}

/** The machine that an agent speaks for. `openMachine` answers the one that it runs on; a simulated node has one in memory. */
export interface NodeMachine {
  facts(): Promise<MachineFacts>;
  usage(): Promise<MachineUsage>;
  readonly files: PodFiles;
  readonly wires: NodeWires;
}
/** How a node asks the servers in its Pods: for probes and hooks. */
export interface NodeWires {
  /** Sends a GET; answers the status. Rejects, with words, where none comes. */
  getHttp(url: string, options: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }): Promise<number>;
  /** Opens a connection and closes it. Rejects, with words, where there is nobody. */
  dial(host: string, port: number, signal: AbortSignal): Promise<void>;
}
/** What a machine says of itself; empty where it says nothing. */
export interface MachineFacts {
  readonly architecture: string;
  readonly hostname: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineId: string;
  readonly bootId: string;
}
export interface MachineUsage {
  /** Since the machine started. */
  readonly cpu_total_ns: number;
  readonly memory_bytes: number;
}

/** A file of a volume that is made of API objects. */
export interface PayloadFile {
  readonly content: Buffer;
  readonly mode: number;
}
export type Payload = ReadonlyMap<string, PayloadFile>;

/** The files that Pods get of their node: each Pod has a folder of its own, by its uid. Doing a thing again gives the same. */
export interface PodFiles {
  /** The machine's own /etc/hosts and /etc/resolv.conf; empty where there is none. */
  readOwn(): Promise<{ readonly hosts: string; readonly resolvConf: string }>;
  /** Answers the files' paths. */
  writeHostFiles(
    podUid: string,
    texts: { readonly hosts: string; readonly resolvConf: string },
  ): Promise<{ readonly hosts: string; readonly resolvConf: string }>;
  /** An empty folder for the volume; `group` owns what is made in it. Answers its path, as those below. */
  makeEmptyDir(podUid: string, volume: string, group?: number): Promise<string>;
  /** A reader sees all old files or all new ones. */
  writePayload(podUid: string, volume: string, payload: Payload, group?: number): Promise<string>;
  /** Checks that the host's path is of its type, and makes it where the type says so. Errors: `FailedMount`. */
  prepareHostPath(volume: string, path: string, type: string): Promise<string>;
  /** A path in a volume's folder, made where nothing is if `make` says so. Errors: `CreateContainerConfigError` where links lead out of it. */
  enter(volume: { readonly name: string; readonly path: string }, subPath: string, make: boolean): Promise<string>;
  /** An empty file for what a run says at its end. */
  makeLastWords(podUid: string, container: string, attempt: number): Promise<string>;
  /** Its beginning; empty where it is not. */
  readLastWords(podUid: string, container: string, attempt: number): Promise<string>;
  /** Uids of the Pods that have files. */
  pods(): Promise<readonly string[]>;
  remove(podUid: string): Promise<void>;
}

export interface NodeAgentOptions {
  readonly nodeName: string;
  /** Stays its owner's to close. */
  readonly client: ClusterClient;
  readonly runtime: ContainerRuntime;
  readonly network: PodNetwork;
  /** What the agent stands on; the same over the agent's restarts. */
  readonly machine: NodeMachine;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The node's own address. */
  readonly address: string;
  readonly capacity: NodeCapacity;
  /** What the Node says that it runs: `v1.36.0+gantry-0.1.0`. */
  readonly version: string;
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Resolves when no Service sends new connections to the Pod any more: only then are its processes told to stop. Waited for
   * 2 s at most, or the grace period where that is shorter.
   */
  readonly drained?: (pod: { readonly uid: string; readonly address: string }) => Promise<void>;
  /** How long connections that were on their way get after that to arrive; 100 ms without it. Those that are served then get up to a second more. */
  readonly drainSettle_ms?: number;
}
export interface NodeCapacity {
  readonly cpu_millicores: number;
  readonly memory_bytes: number;
  readonly pods: number;
}
/** The node agent (kubelet): it makes the Pods that are bound to its node run, and says how they are. */
export interface NodeAgent {
  /** Resolves when the Node is registered and Ready and the Pods' cache is filled. */
  start(): Promise<void>;
  /** Lets go; containers keep running. */
  stop(): Promise<void>;
  health(): { readonly state: 'starting' | 'ready' | 'stopped'; readonly pods: number; readonly failing: Readonly<Record<string, string>> };
  /** What the API server asks a node for. */
  readonly connection: AgentConnection;
}
export interface ContainerTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly container: string;
}
export interface AgentStats {
  readonly timestamp_ms: number;
  readonly window_ms: number;
  readonly node: { readonly cpu_nanocores: number; readonly memory_bytes: number };
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly containers: readonly { readonly name: string; readonly cpu_nanocores: number; readonly memory_bytes: number }[];
  }[];
}
export interface AgentConnection {
  exec(pod: ContainerTarget, options: { readonly command: readonly string[]; readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  attach(pod: ContainerTarget, options: { readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  logs(pod: ContainerTarget, query: LogQuery & { readonly previous?: boolean }): Promise<AsyncIterable<LogLine>>;
  portForward(pod: Omit<ContainerTarget, 'container'>, port: number): Promise<Duplex>;
  stats(): Promise<AgentStats>;
}
/** What every part of the agent stands on. */
export interface AgentContext extends NodeAgentOptions {
  readonly events: EventRecorder;
}
