import type { KubeObject } from '#cluster/api';
import type { ClusterClient } from '#cluster/client';
import type { Clock } from '#kit';
import type { ImageScript, PodScript } from './script.ts';

export interface NodeOptions {
  /** `node-0`, `node-1`, … without it. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** 4 cores, 16 GiB and 110 Pods (250 at most) without it. */
  readonly capacity?: { readonly cpu_millicores?: number; readonly memory_bytes?: number; readonly pods?: number };
}

export interface ClusterOptions {
  /** Simulated nodes, by number or each by itself; one without it. */
  readonly nodes?: number | readonly NodeOptions[];
  /** `fake`: time stands still, and passes only by `advance`. The machine's clock without it. */
  readonly clock?: 'system' | 'fake';
  /** When a fake clock begins; 2026-01-01T00:00:00Z without it. */
  readonly startTime?: Date;
  /** Names, uids and waits follow from it: with a fake clock the same seed gives the same run. A new one each time without it. */
  readonly seed?: number;
  /** What the processes in Pods do; without it they run and serve until they are told to stop. */
  readonly pods?: PodScript;
  /** Which images there are; all without it. */
  readonly images?: ImageScript;
  /** Hears what the parts of the cluster log, as JSON lines; nobody without it. */
  readonly log?: (line: string) => void;
}

/** A node that stands in the cluster: the real node agent over processes that follow their scripts. */
export interface SimulatedNode {
  readonly name: string;
  /** Whether its agent runs. */
  readonly running: boolean;
  /** The machine dies: its Pods' processes end, and nothing of it is heard any more. */
  kill(): Promise<void>;
  /** The machine is cut off: its Pods go on, and nothing of it is heard any more. */
  disconnect(): Promise<void>;
  /** It is back, as a machine is that was started again, or connected again. */
  start(): Promise<void>;
  /** The newest run of a Pod's container ends now. Errors: `NOT_RUNNING`. */
  exit(pod: { readonly namespace: string; readonly name: string; readonly container?: string }, exitCode: number): void;
}

/** A whole cluster: API server, every controller, the scheduler and simulated nodes, in this process and in memory. */
export interface TestCluster extends AsyncDisposable {
  /** As an administrator. Objects that it hands out are shared and frozen: `structuredClone` before changing. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly seed: number;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  /** As somebody else; what RBAC allows them they may do. */
  as(user: string, groups?: readonly string[]): ClusterClient;
  addNode(options?: NodeOptions): Promise<SimulatedNode>;
  /** From now on new runs are asked of this script first. */
  script(pods: PodScript): void;
  /** Server-side apply of one or more objects, or of a YAML text with them. Rejects with the server's words and the object's place. */
  apply(manifests: string | KubeObject | readonly KubeObject[]): Promise<readonly KubeObject[]>;
  /** Resolves when nothing more happens by itself at this moment: with a fake clock until time passes. */
  settled(): Promise<void>;
  /** Lets time pass, in milliseconds. Only with a fake clock. */
  advance(duration_ms: number): Promise<void>;
  /**
   * Resolves when the condition holds; it is looked at after every change, and with a fake clock time passes meanwhile. Rejects with
   * `what` and the seed when it doesn't within `timeout_ms` (10 s; an hour of a fake clock).
   */
  until(what: string, condition: () => boolean | Promise<boolean>, timeout_ms?: number): Promise<void>;
  /** All of the cluster at this moment, for as many clusters as are wanted to go on from. */
  snapshot(): Promise<Snapshot>;
  /** Another cluster that goes on from this moment by itself. */
  fork(): Promise<TestCluster>;
  /** Serves the API over HTTPS on loopback from now on; a kubeconfig for it. */
  kubeconfig(): Promise<string>;
  /** Ends everything. A cluster that isn't stopped is named when the process ends. */
  stop(): Promise<void>;
}

/** A cluster at one moment. It holds no resources. */
export interface Snapshot {
  /** Milliseconds since the Unix epoch, of the cluster's clock. */
  readonly time_ms: number;
  readonly revision: number;
  /** A new cluster from here. */
  fork(): Promise<TestCluster>;
}
