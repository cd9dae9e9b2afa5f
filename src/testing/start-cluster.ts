import { systemRandom } from '#kit';
import { checkNode, Cluster } from './cluster.ts';
import { checkOptions } from './check-options.ts';
import { BEGINNING_MS, preparedContent } from './prepared.ts';
import type { NodeState } from './simulated-node.ts';
import type { ClusterOptions, NodeOptions, TestCluster } from './types.ts';
import { callerOf } from './unstopped.ts';

/**
 * A whole cluster inside this process, ready when it resolves: API server, every controller, the scheduler, and nodes whose Pods do
 * as scripts say. It needs no root, opens no port until a kubeconfig is asked for, and writes to no disk. Errors: `BAD_OPTIONS`.
 *
 * @example
 * await using cluster = await startCluster({ nodes: 3 });
 * await cluster.apply(manifest);
 * await cluster.until('the Deployment to be available', async () => …);
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  checkOptions(options);
  const startedAt = callerOf(new Error().stack ?? '', import.meta.dirname);
  const { nodes = 1, clock = 'system', startTime, seed = Math.floor(systemRandom.fraction() * 2 ** 32), pods, images = () => undefined, log } = options;
  const time_ms = startTime?.getTime() ?? BEGINNING_MS;
  const wanted: readonly NodeOptions[] = typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({})) : nodes;
  return await Cluster.start(
    {
      clock,
      time_ms,
      seed,
      randomState: seed,
      content: time_ms < BEGINNING_MS ? { items: [], revision: 0 } : await preparedContent(clock),
      nodes: wanted.map(newNode),
      scripts: pods === undefined ? [] : [pods],
      images,
      log,
    },
    startedAt,
  );
}

function newNode(options: NodeOptions, number: number): NodeState {
  checkNode(options, number);
  return {
    options: { ...options, name: options.name ?? `node-${number}` },
    number,
    running: true,
    runtime: { next: 0, processes: [] },
    network: { next: 0, pods: [] },
  };
}
