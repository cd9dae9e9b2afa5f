import type { KubeObject } from '#cluster/api';
import type { Clock, Logger } from '#kit';
import { messageOf } from '#kit';
import { collectionPrefix } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { NodeDirectory, NodeStats } from '../types.ts';

const FRESH_MS = 2000;
const NODE_ANSWERS_WITHIN_MS = 5000;

/** The usage of all nodes, asked for when somebody wants it and kept for two seconds. */
export class Usage {
  readonly #cache: ObjectCache;
  readonly #nodes: NodeDirectory;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #known: { readonly at_ms: number; readonly stats: Promise<ReadonlyMap<string, NodeStats>> } | undefined;

  constructor(cache: ObjectCache, nodes: NodeDirectory, clock: Clock, logger: Logger) {
    this.#cache = cache;
    this.#nodes = nodes;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** By node name; nodes that do not answer are left out. */
  read(): Promise<ReadonlyMap<string, NodeStats>> {
    const now = this.#clock.monotonic();
    if (!this.#known || now - this.#known.at_ms > FRESH_MS) this.#known = { at_ms: now, stats: this.#ask() };
    return this.#known.stats;
  }

  async #ask(): Promise<ReadonlyMap<string, NodeStats>> {
    const prefix = collectionPrefix({ group: '', resource: 'nodes' });
    const names = this.#cache
      .collection(prefix)
      .keys(prefix)
      .map((key) => key.slice(prefix.length));
    const answers = await Promise.all(names.map(async (name): Promise<[string, NodeStats | undefined]> => [name, await this.#askOne(name)]));
    return new Map(answers.filter((answer): answer is [string, NodeStats] => answer[1] !== undefined));
  }

  async #askOne(name: string): Promise<NodeStats | undefined> {
    const node = this.#nodes(name);
    if (!node) return undefined;
    const late = Promise.withResolvers<undefined>();
    using _timer = this.#clock.setTimer(NODE_ANSWERS_WITHIN_MS, () => late.resolve(undefined));
    try {
      return await Promise.race([node.stats(), late.promise]);
    } catch (error) {
      this.#logger.warn('Cannot read usage of a node', { node: name, error: messageOf(error) });
      return undefined;
    }
  }
}

/** metrics.k8s.io/v1beta1 NodeMetrics. */
export function nodeMetrics(node: KubeObject, stats: NodeStats): KubeObject {
  return { apiVersion: METRICS_VERSION, kind: 'NodeMetrics', metadata: metadataOf(node, stats), ...when(stats), usage: usageOf(stats.node) } as KubeObject;
}

/** metrics.k8s.io/v1beta1 PodMetrics. */
export function podMetrics(pod: KubeObject, stats: NodeStats, containers: NodeStats['pods'][number]['containers']): KubeObject {
  const each = containers.map((container) => ({ name: container.name, usage: usageOf(container) }));
  return { apiVersion: METRICS_VERSION, kind: 'PodMetrics', metadata: metadataOf(pod, stats), ...when(stats), containers: each } as KubeObject;
}

export const METRICS_VERSION = 'metrics.k8s.io/v1beta1';

function metadataOf({ metadata: { name, namespace, labels } }: KubeObject, stats: NodeStats): KubeObject['metadata'] {
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    creationTimestamp: secondsOf(stats.timestamp_ms),
  };
}

function when(stats: NodeStats): { timestamp: string; window: string } {
  return { timestamp: secondsOf(stats.timestamp_ms), window: `${(stats.window_ms / 1000).toFixed(3)}s` };
}

function usageOf({ cpu_nanocores, memory_bytes }: { readonly cpu_nanocores: number; readonly memory_bytes: number }): { cpu: string; memory: string } {
  return { cpu: `${Math.round(cpu_nanocores)}n`, memory: `${Math.ceil(memory_bytes / 1024)}Ki` };
}

function secondsOf(time_ms: number): string {
  return `${new Date(time_ms).toISOString().slice(0, 19)}Z`;
}
