import type { Duplex } from 'node:stream';
import type { NodeWhy, V1Node, V1Pod } from '#cluster/api';
import type { LogLine, LogQuery, ProcessStreams } from '#kit';

/** How the API server reaches the agent of a node: a call in one process, TLS between machines. The node agent's daemon fills it in. */
export interface NodeConnection {
  exec(pod: PodTarget, options: { readonly command: readonly string[]; readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  attach(pod: PodTarget, options: { readonly stdin: boolean; readonly terminal: boolean }): Promise<ProcessStreams>;
  /** `previous`: of the run before this one. Errors carry Kubernetes' words (`container "x" in pod "y" is waiting to start: …`). */
  logs(pod: PodTarget, query: LogQuery & { readonly previous?: boolean }): Promise<AsyncIterable<LogLine>>;
  portForward(pod: Omit<PodTarget, 'container'>, port: number): Promise<Duplex>;
  /** Usage now of the node and all its Pods (metrics.k8s.io). */
  stats(): Promise<NodeStats>;
}
export interface PodTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly container: string;
}
export interface NodeStats {
  readonly timestamp_ms: number;
  /** Over which the CPU rate was measured. */
  readonly window_ms: number;
  readonly node: { readonly cpu_nanocores: number; readonly memory_bytes: number };
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly containers: readonly { readonly name: string; readonly cpu_nanocores: number; readonly memory_bytes: number }[];
  }[];
}
/** How each node stands to a Pod that waits for one, as the scheduler sees it; `message` where none would take it. */
export type PlaceJudge = (
  pod: V1Pod,
  around: {
    readonly nodes: readonly V1Node[];
    readonly pods: readonly V1Pod[];
    readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  },
) => { readonly message?: string; readonly nodes: readonly NodeWhy[] };
/** Finds the connection to a node by its name; undefined when there is none (the answer is then 503 with the node's name). */
export type NodeDirectory = (nodeName: string) => NodeConnection | undefined;
