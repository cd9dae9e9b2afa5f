import type { Duplex } from 'node:stream';
import type { LogLine, LogQuery, ProcessStreams } from '#kit';

/** What the node agent needs of whatever runs containers. The daemon fills it in with the engine; tests with a script. */
export interface ContainerRuntime {
  readonly name: string;
  readonly version: string;
  /** Makes the image be here as the policy says. Errors: `ErrImagePull`, `ErrImageNeverPull`, `InvalidImageName` as `code`, with words. */
  ensureImage(
    reference: string,
    policy: 'Always' | 'IfNotPresent' | 'Never',
    signal: AbortSignal,
  ): Promise<{ readonly imageId: string; readonly user?: string }>;
  createContainer(spec: RuntimeContainerSpec): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after the grace period. */
  stopContainer(id: string, gracePeriod_seconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
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
  /** What a Pod's resolv.conf says. */
  readonly dns: { readonly servers: readonly string[]; readonly clusterDomain: string };
  /** host ports: publishes and takes back. */
  publish(
    podUid: string,
    ports: readonly { readonly hostPort: number; readonly hostAddress?: string; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' }[],
  ): Promise<void>;
}
