import type { V1Node, V1Pod } from '#cluster/api';
import type { ClusterClient } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';

export interface SchedulerOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Pods that name this scheduler are its own; `default-scheduler` without it. */
  readonly name?: string;
}
export interface Scheduler {
  /** Resolves when the caches are filled and Pods are bound as they come. */
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): { readonly state: 'starting' | 'ready' | 'stopped'; readonly pending: number };
}

/** Thousandths of cores, and of bytes. */
export interface Counted {
  readonly cpu: number;
  readonly memory: number;
}

/** What of a node a Pod is measured against. All resources in thousandths. */
export interface NodeView {
  readonly node: V1Node;
  readonly pods: readonly V1Pod[];
  readonly allocatable: ReadonlyMap<string, bigint>;
  /** The same, where nodes are compared; 0 of what it doesn't tell. */
  readonly capacity: Counted;
  /** It takes no more Pods, however small. */
  readonly isFull: boolean;
  readonly requested: ReadonlyMap<string, bigint>;
  /** What its Pods are counted with where nodes are compared: a Pod that asks for nothing counts too. */
  readonly counted: Counted;
  /** How many Pods of each controller are here, by its uid. */
  readonly siblings: ReadonlyMap<string, number>;
  /** Those of its Pods that keep others away. */
  readonly repelling: readonly V1Pod[];
}
export interface ClusterView {
  readonly nodes: readonly NodeView[];
  /** Labels of namespaces, for affinities that choose among them. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
}
/** The plugins by Kubernetes' names, in the order in which they are asked. */
export type PluginName =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'PodTopologySpread'
  | 'InterPodAffinity';
/** Why a node is no place for a Pod, in Kubernetes' words; several where several things are missing. */
export interface Rejection {
  readonly node: string;
  readonly plugin: PluginName;
  readonly reasons: readonly string[];
}
export type Verdict =
  | {
      readonly kind: 'placed';
      readonly node: string;
      readonly scores: readonly { readonly node: string; readonly score: number }[] /** How many nodes were looked at. */;
      readonly looked: number;
    }
  | { readonly kind: 'unschedulable'; readonly rejections: readonly Rejection[]; readonly message: string };
