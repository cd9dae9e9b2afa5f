import type { V1Pod } from '#cluster/api';
import { FILTERS } from './filters.ts';
import { Placing } from './placing.ts';
import { normalize, SCORES } from './scores.ts';
import type { ClusterView, NodeView, Rejection, Verdict } from './types.ts';

/**
 * Pure: where a Pod goes, or why nowhere. `fraction` in [0, 1) chooses among equally good nodes. `from` is the node to begin to look
 * at: in a large cluster enough good nodes will do, and are looked for all around in turn.
 */
export function decide(pod: V1Pod, cluster: ClusterView, fraction: number, from = 0): Verdict {
  const placing = new Placing(pod, cluster);
  const { nodes } = cluster;
  const enough = enoughOf(nodes.length);
  const rejections: Rejection[] = [];
  const fitting: NodeView[] = [];
  for (let looked = 0; looked < nodes.length && fitting.length < enough; looked += 1) {
    const view = nodes[(from + looked) % nodes.length];
    if (view === undefined) break;
    const rejection = rejectionOf(placing, view);
    if (rejection === undefined) fitting.push(view);
    else rejections.push(rejection);
  }
  if (fitting.length === 0) return { kind: 'unschedulable', rejections, message: messageOf(nodes.length, rejections) };
  const scores = scoresOf(placing, fitting);
  const best = Math.max(...scores.map(({ score }) => score));
  const winners = scores.filter(({ score }) => score === best);
  const winner = winners[Math.floor(fraction * winners.length)] ?? winners[0];
  return { kind: 'placed', node: winner?.node ?? '', scores, looked: fitting.length + rejections.length };
}

const ENOUGH_LEAST = 100;

/** How many nodes that fit are compared: all of up to a hundred, and of more a share that falls from 50 % by 1 % with each 125 nodes, as in Kubernetes. */
function enoughOf(nodes: number): number {
  const share = Math.max(5, 50 - Math.floor(nodes / 125));
  return Math.max(ENOUGH_LEAST, Math.floor((nodes * share) / 100));
}

function rejectionOf(placing: Placing, view: NodeView): Rejection | undefined {
  for (const { plugin, filter } of FILTERS) {
    const reasons = filter(placing, view);
    if (reasons.length > 0) return { node: view.node.metadata.name ?? '', plugin, reasons };
  }
  return undefined;
}

function scoresOf(placing: Placing, fitting: readonly NodeView[]): readonly { node: string; score: number }[] {
  const nodes = fitting.map((view) => ({ node: view.node.metadata.name ?? '', score: 0 }));
  if (nodes.length === 1) return nodes;
  for (const { weight, raw, of } of SCORES) {
    const figures = normalize(
      fitting.map((view) => of(placing, view)),
      raw,
    );
    for (let index = 0; index < nodes.length; index += 1) {
      const entry = nodes[index];
      if (entry !== undefined) entry.score += weight * Math.floor(figures[index] ?? 0);
    }
  }
  return nodes;
}

/** Kubernetes' words: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function messageOf(nodes: number, rejections: readonly Pick<Rejection, 'reasons'>[]): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const reason of rejections.flatMap(({ reasons }) => reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}
